package mongostate

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// sockets are the connections of a client. A network that has lost its state leaves
// them open and silent. The driver finds that out of one connection after the other,
// each by an operation that runs into its time-out, and its monitor, which has a
// connection of its own, clears the pool only at a second failure in a row. So when one
// has timed out, all over which nothing has come for as long are ended here.
type sockets struct {
	dialer options.ContextDialer

	mu   sync.Mutex
	open map[*socket]struct{}
}

func newSockets(d options.ContextDialer) *sockets {
	if d == nil {
		d = &net.Dialer{}
	}
	return &sockets{dialer: d, open: map[*socket]struct{}{}}
}

// DialContext is the driver's way to a connection.
func (s *sockets) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	k := &socket{Conn: c, all: s}
	k.heard.Store(time.Now().UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[k] = struct{}{}
	return k, nil
}

// endSilent ends those over which nothing has come for so long.
func (s *sockets) endSilent(since time.Duration) {
	before := time.Now().Add(-since).UnixNano()
	s.mu.Lock()
	var silent []*socket
	for k := range s.open {
		if k.heard.Load() < before {
			silent = append(silent, k)
		}
	}
	s.mu.Unlock()
	for _, k := range silent {
		_ = k.Close() // whoever uses it is told by the connection itself
	}
}

type socket struct {
	net.Conn
	all   *sockets
	heard atomic.Int64 // when something came, in ns
}

func (k *socket) Read(p []byte) (int, error) {
	n, err := k.Conn.Read(p)
	if n > 0 {
		k.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

func (k *socket) Close() error {
	k.all.mu.Lock()
	delete(k.all.open, k)
	k.all.mu.Unlock()
	return k.Conn.Close()
}
