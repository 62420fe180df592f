package runner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/local/relay"
	"comptoir/shared/records"
)

// publishAll sees to it that everything recorded now is on Kafka: by the relay that
// runs on the directory, whose notes tell, or by one for as long as it takes.
func publishAll(ctx context.Context, dir *datadir.Dir, l *ledger.Ledger, cluster *records.Cluster, log *slog.Logger) error {
	heads, _, err := l.Heads(ctx)
	if err != nil {
		return err
	}
	told := false
	for {
		lease, err := dir.Acquire(datadir.Relay)
		if err == nil {
			return errors.Join(relayUntilLevel(ctx, l, cluster, log), lease.Release())
		}
		if held := (*datadir.HeldError)(nil); !errors.As(err, &held) {
			return err
		}
		left, err := unpublished(ctx, l, heads)
		if err != nil || left == 0 {
			return err
		}
		if !told {
			log.Info("waiting for the relay that is running", "unpublished", left)
			told = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// unpublished counts the events up to heads that are not noted as published.
func unpublished(ctx context.Context, l *ledger.Ledger, heads map[string]int64) (left int64, err error) {
	published, err := l.Published(ctx)
	for stream, n := range heads {
		left += max(0, n-published[stream])
	}
	return left, err
}

func relayUntilLevel(ctx context.Context, l *ledger.Ledger, cluster *records.Cluster, log *slog.Logger) error {
	r, err := relay.New(relay.Options{Ledger: l, Cluster: cluster, Log: log})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ran := make(chan error, 1)
	go func() {
		defer stop() // a relay that is refused ends the waiting
		ran <- r.Run(running)
	}()
	level := r.Level(running)
	stop()
	if err := <-ran; err != nil {
		return err
	}
	return level
}
