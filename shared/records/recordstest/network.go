package recordstest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/shared/records"
)

// Network is a network whose connections can be made to go dead: what is sent
// over them arrives, and nothing ever comes back, not even an end.
type Network struct {
	mu    sync.Mutex
	conns []*deadly
}

// Connect connects to a broker over the network, with requests that take at most
// timeout.
func (n *Network) Connect(t testing.TB, addr string, timeout time.Duration) *records.Cluster {
	t.Helper()
	c, err := records.Connect(records.Config{Bootstrap: []string{addr}, Timeout: timeout, Dial: n.dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Kill makes all connections that there are go dead.
func (n *Network) Kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.dead.Store(true)
	}
	n.conns = nil
}

func (n *Network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d := &deadly{Conn: c}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, d)
	return d, nil
}

type deadly struct {
	net.Conn
	dead atomic.Bool
}

// Read drops what comes once the connection is dead; deadlines and Close still
// end it.
func (d *deadly) Read(p []byte) (int, error) {
	for {
		n, err := d.Conn.Read(p)
		if err != nil || !d.dead.Load() {
			return n, err
		}
	}
}
