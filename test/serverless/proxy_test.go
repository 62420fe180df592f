package serverless

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between programs and the server that keeps their state, which can be
// taken away: connections break, and new ones are cut at once.
type proxy struct {
	to string
	l  net.Listener

	mu    sync.Mutex
	away  bool
	conns map[net.Conn]bool
}

// between returns the URI of a MongoDB by way of a proxy.
func between(t *testing.T, uri string) (string, *proxy) {
	t.Helper()
	u, err := url.Parse(uri)
	must(t, err)
	p := &proxy{to: u.Host, conns: map[net.Conn]bool{}}
	p.l, err = net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go p.accept()
	t.Cleanup(func() { p.l.Close(); p.set(true) })
	u.Host = p.l.Addr().String()
	return u.String(), p
}

func (p *proxy) accept() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		go p.carry(c)
	}
}

// keep notes a connection; false where there is to be none.
func (p *proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	c.Close()
}

func (p *proxy) carry(c net.Conn) {
	if !p.keep(c) {
		return
	}
	defer p.drop(c)
	s, err := net.Dial("tcp", p.to)
	if err != nil || !p.keep(s) {
		return
	}
	defer p.drop(s)
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{c, s}, {s, c}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0]) // it ends when either is closed
			way[0].Close()
			way[1].Close()
		})
	}
	both.Wait()
}

// set takes the server away, or brings it back.
func (p *proxy) set(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away = away; away {
		for c := range p.conns {
			c.Close()
		}
	}
}
