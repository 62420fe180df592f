package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// way is the way from the command to servers: a proxy to each, which can be told to
// do what networks do.
type way struct {
	name    string
	server  *toxiproxy.ApiServer
	proxies []*toxiproxy.Proxy
	spoiled bool
}

// lead makes a way: what comes to a port is led to the other, and so for n ports
// from there on.
func lead(name string, from, to, n int) (*way, error) {
	w := &way{name: name, server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())}
	for i := range n {
		p := toxiproxy.NewProxy(w.server, fmt.Sprintf("%s-%d", name, i+1), local(from+i), local(to+i))
		if err := p.Start(); err != nil {
			return nil, errors.Join(fmt.Errorf("leading to %s: %w", name, err), w.close())
		}
		w.proxies = append(w.proxies, p)
	}
	return w, nil
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// address is where the first of the servers is to be found.
func (w *way) address() string { return w.proxies[0].Listen }

func (w *way) close() error {
	for _, p := range w.proxies {
		p.Stop()
	}
	return nil
}

// spoil has all connections, those that there are and those to come, suffer from a
// toxic, both ways or one.
func (w *way) spoil(toxic string, attributes any, streams ...string) error {
	w.spoiled = true
	for _, p := range w.proxies {
		for _, s := range streams {
			text, err := json.Marshal(map[string]any{"type": toxic, "stream": s, "attributes": attributes})
			if err != nil {
				return err
			}
			if _, err := p.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
				return fmt.Errorf("spoiling the way to %s: %w", w.name, err)
			}
		}
	}
	return nil
}

// heal makes a spoiled way anew, which ends its connections. A toxic that is taken
// away while its connection cannot be written to waits for ever, so none is.
func (w *way) heal() error {
	if !w.spoiled {
		return nil
	}
	w.spoiled = false
	for i, p := range w.proxies {
		p.Stop()
		w.proxies[i] = toxiproxy.NewProxy(w.server, p.Name, p.Listen, p.Upstream)
		if err := startAgain(w.proxies[i]); err != nil {
			return fmt.Errorf("leading to %s again: %w", w.name, err)
		}
	}
	return nil
}

// startAgain starts a proxy at the port of one that was stopped. A program that is being
// started just then has a copy of the old listener until it runs, so the port is not free
// at once.
func startAgain(p *toxiproxy.Proxy) (err error) {
	for range 50 {
		if err = p.Start(); !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

const (
	upstream   = "upstream"
	downstream = "downstream"
)

// hole swallows what comes over connections that were made before a moment, for
// ever, and leaves them open: so does a network that has lost its state. toxiproxy's
// own timeout closes them when it is taken away, which is kinder.
type hole struct {
	Until int64 `json:"until"` // in ms since 1970
}

type holeState struct{ swallow bool }

func (h *hole) NewState() any { return &holeState{time.Now().UnixMilli() < h.Until} }

func (h *hole) Pipe(stub *toxics.ToxicStub) {
	if s, ok := stub.State.(*holeState); !ok || !s.swallow {
		new(toxics.NoopToxic).Pipe(stub)
		return
	}
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
		}
	}
}

// slow keeps back what comes until a moment, and is over by itself then.
type slow struct {
	Until   int64 `json:"until"`   // in ms since 1970
	Latency int64 `json:"latency"` // in ms, up to twice as much
	Rate    int64 `json:"rate"`    // in bytes a ms
}

func (s *slow) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			now := time.Now().UnixMilli()
			wait := min(s.Until-now, rand.Int64N(s.Latency+1)+s.Latency+int64(len(c.Data))/s.Rate)
			time.Sleep(time.Duration(wait) * time.Millisecond)
			stub.Output <- c
		}
	}
}
