// Package broker runs the embedded Kafka-protocol broker: one broker on the
// loopback interface whose log lies in a directory. The log is a copy of what the
// ledger has; `comptoir republish --all` makes it anew when it was removed.
package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Options say where a broker keeps its log and where it listens.
type Options struct {
	// Dir is the log's directory, which belongs to the broker alone. It is made
	// where it is not there.
	Dir string
	// Port is the port on 127.0.0.1; 0 takes a free one.
	Port int
	// Log takes the broker's warnings; nil is the default logger.
	Log *slog.Logger
}

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	lock    *flock.Flock
	addr    string
}

// InUseError says that another process runs a broker on the directory.
type InUseError struct{ Dir string }

// Error implements error.
func (e *InUseError) Error() string {
	return fmt.Sprintf("starting the broker: another process uses %s; stop that one first, or name another directory with --data DIR", e.Dir)
}

// PortError says that the port is taken.
type PortError struct {
	Port int
	Err  error
}

// Error implements error.
func (e *PortError) Error() string {
	return fmt.Sprintf("starting the broker: port %d on 127.0.0.1 is taken (%v); stop what uses it, or choose another port for the broker", e.Port, e.Err)
}

// Unwrap returns the cause.
func (e *PortError) Unwrap() error { return e.Err }

// settings of the broker itself. Offsets of groups are kept for a century: a
// shop may be closed for longer than a week.
var settings = map[string]string{
	"offsets.retention.minutes":        strconv.Itoa(100 * 365 * 24 * 60),
	"log.retention.ms":                 "-1",
	"log.segment.bytes":                strconv.Itoa(16 << 20),
	"group.initial.rebalance.delay.ms": "0",
}

// Start runs a broker. What it has acknowledged is on disk, whatever happens to
// the process.
func Start(o Options) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("starting the broker: %w; name a folder that you may write to with --data DIR", err)
	}
	lock := flock.New(filepath.Join(o.Dir, "lock"))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("starting the broker: locking %s: %w", o.Dir, err)
	}
	if !got {
		return nil, &InUseError{Dir: o.Dir}
	}
	cluster, err := start(o)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	// Reading the log's index took memory that is not needed again.
	debug.FreeOSMemory()
	return &Broker{cluster: cluster, lock: lock, addr: cluster.ListenAddrs()[0]}, nil
}

func start(o Options) (*kfake.Cluster, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("starting the broker: making an id: %w", err)
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.Ports(o.Port),
		kfake.ListenFn(listen),
		kfake.ClusterID("comptoir-"+id.String()), // that of an existing log stays
		kfake.DataDir(o.Dir),
		kfake.SyncWrites(),
		kfake.GroupMinSessionTimeout(time.Second),
		kfake.DefaultNumPartitions(1),
		kfake.BrokerConfigs(settings),
		kfake.WithLogger(logger{o.Log}),
	)
	switch {
	case err == nil:
		return cluster, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &PortError{Port: o.Port, Err: syscall.EADDRINUSE}
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("starting the broker: %w; its log is in %s, and must be readable and writable", err, o.Dir)
	}
	return nil, fmt.Errorf("starting the broker on the log in %s: %w; if the log is damaged, move it away and run `comptoir republish --all`", o.Dir, err)
}

func listen(network, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	return &listener{l}, nil
}

// Addr returns host:port.
func (b *Broker) Addr() string { return b.addr }

// Cluster returns the cluster itself, through which tests cause faults.
func (b *Broker) Cluster() *kfake.Cluster { return b.cluster }

// Close stops the broker and leaves its log so that the next start is quick.
func (b *Broker) Close() error {
	b.cluster.Close()
	if err := b.lock.Unlock(); err != nil {
		return fmt.Errorf("stopping the broker: %w", err)
	}
	return nil
}

// logger passes the broker's warnings on.
type logger struct{ log *slog.Logger }

func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	var to slog.Level
	switch level {
	case kfake.LogLevelError:
		to = slog.LevelError
	case kfake.LogLevelWarn:
		to = slog.LevelWarn
	default:
		return
	}
	if l.log.Enabled(context.Background(), to) {
		l.log.Log(context.Background(), to, "broker: "+fmt.Sprintf(format, args...))
	}
}
