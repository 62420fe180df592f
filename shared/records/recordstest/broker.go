// Package recordstest gives tests a real broker on the loopback interface.
package recordstest

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"comptoir/shared/event"
	"comptoir/shared/records"
)

// Broker is a broker that can be stopped and started again on its log.
type Broker struct {
	*kfake.Cluster
	t    testing.TB
	dir  string
	port int
}

// Start starts a broker for the duration of the test.
func Start(t testing.TB) *Broker {
	t.Helper()
	b := &Broker{t: t, dir: t.TempDir()}
	b.Restart()
	t.Cleanup(b.Stop)
	return b
}

// Stop stops the broker; its log stays.
func (b *Broker) Stop() { b.Close() }

// Restart starts the broker again on the same log and port.
func (b *Broker) Restart() {
	b.t.Helper()
	c, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.Ports(b.port), kfake.DataDir(b.dir),
		kfake.GroupMinSessionTimeout(200*time.Millisecond),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}),
	)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Cluster = c
	_, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		b.t.Fatal(err)
	}
	if b.port, err = strconv.Atoi(port); err != nil {
		b.t.Fatal(err)
	}
}

// Recreate starts the broker on a new, empty log on the same port.
func (b *Broker) Recreate() {
	b.t.Helper()
	b.dir = b.t.TempDir()
	b.Restart()
}

// Addr returns host:port.
func (b *Broker) Addr() string { return b.ListenAddrs()[0] }

// Connect connects to the broker for the duration of the test.
func (b *Broker) Connect() *records.Cluster { return Connect(b.t, b.Addr()) }

// Connect connects to a broker for the duration of the test.
func Connect(t testing.TB, addr string) *records.Cluster {
	t.Helper()
	c, err := records.Connect(records.Config{Bootstrap: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Migrate makes the topics with so many partitions.
func Migrate(t testing.TB, c *records.Cluster, partitions int) {
	t.Helper()
	if _, err := c.Migrate(t.Context(), records.Layout{Partitions: partitions}); err != nil {
		t.Fatal(err)
	}
}

// ReadAll returns the records of a partition as they are now.
func ReadAll(t testing.TB, c *records.Cluster, topic event.Topic, partition int32) []records.Record {
	t.Helper()
	name := c.Topics().Name(topic)
	held, err := c.Offsets(t.Context(), name, partition)
	if err != nil {
		t.Fatal(err)
	}
	var all []records.Record
	err = c.Scan(t.Context(), name, partition, held.First, held.End, func(r *records.Record) error {
		all = append(all, r.Clone())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
