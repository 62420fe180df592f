package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"
)

// process is one program on one machine. What it asks of Kafka, the store or
// the ledger's notes goes through call, where it waits for the scheduler: so one
// thing happens at a time, in an order that the seed decides.
type process struct {
	h      *history
	number int
	name   string
	dead   atomic.Bool
	ctx    context.Context
	cancel context.CancelFunc
	skew   time.Duration // of its clock
	rng    *rand.Rand    // of its own choices
	ended  chan struct{}
}

// call is a request that is under way.
type call struct {
	by       *process
	name     string
	ready    func() bool // nil: always
	do       func()      // the effect, on the other side
	happened bool
	alone    bool // nobody waits for the reply any more
	reply    chan error
}

// network holds what is under way.
type network struct {
	mu    sync.Mutex
	calls []*call
}

var (
	errRefused = errors.New("simulated: the server is not available")
	errLost    = errors.New("simulated: the connection was cut before the reply came")
	errTimeout = errors.New("simulated: no reply in time")
	errKilled  = errors.New("simulated: this process was killed")
)

func (h *history) newProcess(name string) *process {
	h.started++
	p := &process{h: h, number: h.started, name: name, ended: make(chan struct{}), rng: rand.New(rand.NewPCG(h.plan.seed, 1000+uint64(h.started)))}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if h.draw(clockSteps, 4) {
		p.skew = time.Duration(h.rng.IntN(61)-30) * time.Hour
	}
	h.note("start %s#%d", name, p.number)
	h.processes = append(h.processes, p)
	return p
}

// start makes a process and lets it run f.
func (h *history) start(name string, f func(p *process)) *process {
	p := h.newProcess(name)
	p.run(f)
	return p
}

// run runs f, until it ends or the process is killed.
func (p *process) run(f func(p *process)) {
	go func() {
		defer close(p.ended)
		defer func() {
			if err := recover(); err != nil {
				p.h.fail("%s#%d panicked: %v", p.name, p.number, err)
			}
		}()
		f(p)
	}()
}

// call asks for something and waits for the reply. do runs at most once.
func (p *process) call(name string, ready func() bool, do func()) error {
	if p.dead.Load() {
		return errKilled
	}
	c := &call{by: p, name: name, ready: ready, do: do, reply: make(chan error, 1)}
	p.h.net.mu.Lock()
	p.h.net.calls = append(p.h.net.calls, c)
	p.h.net.mu.Unlock()
	return <-c.reply
}

// kill ends a process between two instructions: what it had asked for may still
// happen, and nothing that it asks for afterwards does.
func (h *history) kill(p *process) {
	h.note("kill %s#%d", p.name, p.number)
	h.count("killed")
	p.dead.Store(true)
	p.cancel()
	for _, c := range h.sorted() {
		if c.by != p {
			continue
		}
		waiting := !c.alone
		if !c.happened && c.ready == nil && (c.alone || h.rng.IntN(2) == 0) {
			c.alone = true // it is on the wire
		} else {
			h.drop(c)
		}
		if waiting {
			c.reply <- errKilled
		}
	}
	h.processes = slices.DeleteFunc(h.processes, func(q *process) bool { return q == p })
	synctest.Wait()
}

// sorted returns what is under way in an order that does not depend on which
// goroutine came first.
func (h *history) sorted() []*call {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	slices.SortStableFunc(h.net.calls, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.by.number, b.by.number), cmp.Compare(a.name, b.name))
	})
	return slices.Clone(h.net.calls)
}

// tick lets one thing happen, or time pass. It tells whether anything could.
func (h *history) tick() (busy bool) {
	synctest.Wait()
	var can []*call
	for _, c := range h.sorted() {
		if c.happened || c.ready == nil || c.ready() {
			can = append(can, c)
		}
	}
	if len(can) == 0 || !h.calm && h.rng.IntN(10) == 0 {
		time.Sleep(time.Duration(1+h.rng.IntN(25)) * time.Millisecond)
		return len(can) > 0
	}
	c := can[h.rng.IntN(len(can))]
	switch {
	case c.happened:
		h.finish(c, nil)
	case c.alone:
		h.happen(c, "late")
		h.drop(c)
	case c.ready != nil: // asking for records: it has no effect that could be lost
		h.happen(c, "")
		h.finish(c, nil)
	case h.draw(refusals, 14):
		h.count("refused")
		h.finish(c, fmt.Errorf("%s: %w", c.name, errRefused))
	case h.draw(lostReplies, 14):
		h.happen(c, "reply lost")
		h.count("reply lost")
		h.finish(c, fmt.Errorf("%s: %w", c.name, errLost))
	case h.draw(lateWrites, 18):
		h.count("happened late")
		c.alone = true
		c.reply <- fmt.Errorf("%s: %w", c.name, errTimeout)
	case h.draw(slowReplies, 8):
		h.happen(c, "slow")
		h.count("slow reply")
		c.happened = true
	default:
		h.happen(c, "")
		h.finish(c, nil)
	}
	return true
}

// draw decides whether a fault happens now, one time in n.
func (h *history) draw(f fault, n int) bool {
	return h.plan.faults[f] && !h.calm && h.rng.IntN(n) == 0
}

func (h *history) happen(c *call, how string) {
	h.note("%s#%d %s %s", c.by.name, c.by.number, c.name, how)
	c.do()
}

func (h *history) finish(c *call, err error) {
	if err != nil {
		h.note("%s#%d %s fails: %v", c.by.name, c.by.number, c.name, err)
	}
	h.drop(c)
	if !c.alone {
		c.reply <- err
	}
}

func (h *history) drop(c *call) {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	h.net.calls = slices.DeleteFunc(h.net.calls, func(d *call) bool { return d == c })
}
