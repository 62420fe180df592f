package mongostate

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"comptoir/shared/state"
)

// A network that has lost its state: the connections stay open and nothing comes
// over them any more, while new ones work. What is asked after that must not wait for
// one of them after the other.
func TestConnectionsThatFallSilent(t *testing.T) {
	o := fresh(t)
	network := &silentNetwork{}
	o.Dialer, o.Answer = network, time.Second
	r, err := OpenReader(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ask := func() error {
		_, _, err := r.Get(t.Context(), "settings", "state")
		return unlessNothingYet(err)
	}
	const connections = 6
	var asking sync.WaitGroup
	for range connections { // side by side, so that there are several connections
		asking.Go(func() {
			for range 20 {
				if err := ask(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	asking.Wait()
	if n := network.silence(); n < 3 {
		t.Fatalf("only %d connections were made", n)
	}
	began, failures := time.Now(), 0
	for ask() != nil {
		if failures++; failures > connections {
			t.Fatal("it does not come right")
		}
	}
	took := time.Since(began)
	t.Logf("right again after %s and %d failures", took, failures)
	if failures == 0 || took > 3*o.Answer {
		t.Errorf("%d questions failed, and it took %s, with a time-out of %s", failures, took, o.Answer)
	}
}

type silentNetwork struct {
	mu  sync.Mutex
	all []*silentConn
}

func (n *silentNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	k := &silentConn{Conn: c}
	n.all = append(n.all, k)
	return k, nil
}

var _ options.ContextDialer = (*silentNetwork)(nil)

func (n *silentNetwork) silence() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, k := range n.all {
		k.silent.Store(true)
	}
	return len(n.all)
}

type silentConn struct {
	net.Conn
	silent atomic.Bool
}

// Read drops what comes once it is silent; deadlines and Close still end it.
func (k *silentConn) Read(p []byte) (int, error) {
	for {
		n, err := k.Conn.Read(p)
		if err != nil || !k.silent.Load() {
			return n, err
		}
	}
}

func unlessNothingYet(err error) error {
	if errors.Is(err, state.ErrNothingYet) {
		return nil
	}
	return err
}
