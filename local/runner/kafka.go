package runner

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"comptoir/functions/setup"
	"comptoir/local/broker"
	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/shared/config"
	"comptoir/shared/records"
)

// ErrNoBroker says that the embedded broker is wanted and does not run.
var ErrNoBroker = errors.New("the embedded broker is not running: start it with `comptoir run`, or set KAFKA_BOOTSTRAP_SERVERS to a Kafka")

// Connect prepares the use of the Kafka of the settings, else of the embedded
// broker that runs on the data directory, in whichever process.
func Connect(dir *datadir.Dir, cfg *config.Config) (*records.Cluster, error) {
	if len(cfg.KafkaBootstrapServers) > 0 {
		kafka, err := setup.Kafka(cfg)
		if err != nil {
			return nil, err
		}
		return records.Connect(kafka)
	}
	running, err := dir.Running()
	if err != nil {
		return nil, err
	}
	address := running[datadir.Broker].Address
	if address == "" {
		return nil, ErrNoBroker
	}
	// The embedded broker speaks plainly.
	return records.Connect(records.Config{Bootstrap: []string{address}, Topics: setup.Topics(cfg), Groups: cfg.KafkaGroupPrefix})
}

// Layout says how topics are made: with the ledger's partitions where there is one.
func Layout(cfg *config.Config, l *ledger.Ledger) records.Layout {
	layout := records.Layout{Partitions: cfg.Partitions, Replication: cfg.ReplicationFactor}
	if l != nil {
		layout.Partitions = l.Partitions()
	}
	return layout
}

// Kafka opens the Kafka of the settings for a command that is no part: the
// embedded broker where it runs, and where it does not, one for as long as the command takes.
// closeAll gives everything back.
func Kafka(dir *datadir.Dir, cfg *config.Config, log *slog.Logger) (cluster *records.Cluster, closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() error {
		var errs []error
		for _, c := range slices.Backward(closers) {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}
	var lease *datadir.Lease
	cluster, lease, err = connectOrAcquire(dir, cfg)
	if lease != nil {
		closers = append(closers, lease.Release)
		b, err := startBroker(dir, cfg, broker.Options{Log: log})
		if err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
		closers = append(closers, b.Close)
		if err := lease.Announce(datadir.Broker, b.Addr()); err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
		cluster, err = Connect(dir, cfg)
		if err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
	} else if err != nil {
		return nil, nil, err
	}
	closers = append(closers, func() error { cluster.Close(); return nil })
	return cluster, closeAll, nil
}

// connectOrAcquire connects to the Kafka that there is, or takes the right to
// run the embedded broker. A run that has just started holds that right for a moment
// before it says where its broker listens.
func connectOrAcquire(dir *datadir.Dir, cfg *config.Config) (*records.Cluster, *datadir.Lease, error) {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		cluster, err := Connect(dir, cfg)
		if !errors.Is(err, ErrNoBroker) {
			return cluster, nil, err
		}
		lease, err := dir.Acquire(datadir.Broker)
		if err == nil {
			return nil, lease, nil
		}
		if held := (*datadir.HeldError)(nil); !errors.As(err, &held) || time.Now().After(deadline) {
			return nil, nil, err
		}
	}
}
