package runner

import (
	"context"
	"errors"
	"log/slog"

	"comptoir/local/datadir"
	"comptoir/local/relay"
	"comptoir/shared/config"
)

// Republish publishes a range of a stream, such as sales/3, again as it was. It
// works beside a running relay: functions pass over what they have applied.
func Republish(ctx context.Context, dir *datadir.Dir, cfg *config.Config, log *slog.Logger, stream string, from, to int64, progress func(relay.Progress)) (err error) {
	l, err := OpenLedger(ctx, dir, cfg, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	cluster, closeKafka, err := Kafka(dir, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeKafka()) }()
	r, err := relay.New(relay.Options{Ledger: l, Cluster: cluster, Log: log})
	if err != nil {
		return err
	}
	return r.Republish(ctx, stream, from, to, progress)
}

// RepublishAll publishes the whole event log again, as after Kafka's log was
// removed, and has every function read its topics from the start. Nothing may run on
// the directory meanwhile. It returns how many events were published.
func RepublishAll(ctx context.Context, dir *datadir.Dir, cfg *config.Config, log *slog.Logger, progress func(relay.Progress)) (events int64, err error) {
	if !dir.Has(dir.Ledger()) {
		_, err := OpenLedger(ctx, dir, cfg, false)
		return 0, err
	}
	parts := []datadir.Part{datadir.Relay, datadir.Functions}
	if len(cfg.KafkaBootstrapServers) == 0 {
		parts = append(parts, datadir.Broker)
	}
	a, err := Open(ctx, Options{Dir: dir, Config: cfg, Log: log, Parts: parts})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	// Offsets are forgotten first: after a crash in between, functions read again
	// what they know and skip it, instead of looking behind the end of the log.
	if err := a.forget(ctx); err != nil {
		return 0, err
	}
	return a.relay.RepublishAll(ctx, progress)
}

// forget makes every function read its topics from the start: without a
// checkpoint that is what the trigger does, whatever the group has committed.
func (a *App) forget(ctx context.Context) error {
	for _, e := range a.engines {
		for _, topic := range e.Function().Topics {
			n, err := a.cluster.Partitions(ctx, a.cluster.Topics().Name(topic))
			if err != nil {
				return err
			}
			if err := e.Rewind(ctx, topic, n); err != nil {
				return err
			}
		}
	}
	return nil
}
