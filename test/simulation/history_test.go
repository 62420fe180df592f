// Package simulation plays whole histories of a shop, each from one seed, on the
// real ledger, relay, events, engine and functions, with a Kafka and a store that
// misbehave, and compares what stands in the end with a plain fold of everything
// that was recorded.
package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"comptoir/functions"
	"comptoir/local/ledger"
	"comptoir/local/relay"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
)

const currency money.Currency = "GBP"

// history is one run of a plan.
type history struct {
	plan  plan
	rng   *rand.Rand // of the step at hand: what is under way happens by it
	trace hash.Hash
	lines []string // of the trace, where somebody wants to read it
	loud  bool

	failure atomic.Pointer[string]
	calm    bool // no faults any more
	counts  map[string]int

	// Time: the bubble's, moved on by whole days.
	shift      atomic.Int64
	skew       atomic.Int64 // of the ledger's clock
	partitions int

	net       network
	processes []*process
	started   int

	broker   *broker
	database *database
	path     string
	random   io.Reader
	ledger   *ledger.Ledger

	relaying     *process
	ledgerSource string
	streams      []string
	products     []string
	papers       []paper
	shelves      []shelf
	producers    []*producer

	styles     []style
	runners    []*runner
	rebuilding *process   // nil before the first
	tasks      []*process // those that end by themselves
	lenient    bool       // the second set of thresholds is in force
	mended     bool       // what made records fail was mended

	mu           sync.Mutex
	all          []projection.Function
	facts        []*fact
	byID         map[string]*fact
	numbered     map[numbering]*fact
	illnesses    map[string]illness
	letters      []letter
	undisturbed  int             // of them, those before every process was ended
	buried       map[string]bool // function and fact
	applied      map[string]bool // collection, document and fact, of facts without a revision
	verified     map[string]int64
	removed      map[int64]bool // epochs of rebuilds that came to nothing
	redelivering bool
}

// outcome is what a history came to.
type outcome struct {
	failure string
	trace   string
	lines   []string
	counts  map[string]int
	styles  string
}

// play runs a plan from beginning to end. It must be called in a bubble.
func play(p plan, m *image, name string, loud bool) outcome {
	shape := rand.New(rand.NewPCG(p.seed, 2))
	h := &history{
		plan: p, rng: rand.New(rand.NewPCG(p.seed, 4)), trace: sha256.New(), loud: loud, counts: map[string]int{},
		partitions: 1 + shape.IntN(maxPartitions), path: filepath.Join(m.dir, name+".db"), random: randomBytes(p.seed),
		byID: map[string]*fact{}, numbered: map[numbering]*fact{}, illnesses: map[string]illness{}, buried: map[string]bool{}, applied: map[string]bool{}, verified: map[string]int64{}, removed: map[int64]bool{},
		products: []string{"P1", "P2", "P3", "S1"}[:2+shape.IntN(3)],
	}
	h.shift.Store(int64(shape.IntN(24)) * int64(time.Hour))
	h.broker = newBroker(h, h.partitions)
	h.database = &database{h: h, collections: map[string]map[string]*stored{}}
	h.producers = newProducers(h)
	n := len(h.functions())
	h.runners, h.styles = make([]*runner, n), make([]style, n)
	for i := range h.styles {
		h.styles[i] = style(shape.IntN(int(styleEnd)))
	}
	if err := os.WriteFile(h.path, m.files[h.partitions], 0o600); err != nil {
		h.fail("copying the ledger: %v", err)
	}
	h.openLedger()
	if h.ledger != nil {
		h.play()
	}
	for len(h.processes) > 0 {
		h.kill(h.processes[0])
	}
	time.Sleep(time.Minute) // those that sleep wake up and see that they are dead
	h.closeLedger()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(h.path + suffix)
	}
	o := outcome{trace: hex.EncodeToString(h.trace.Sum(nil)), lines: h.lines, counts: h.counts}
	if f := h.failure.Load(); f != nil {
		o.failure = *f
	}
	for _, s := range h.styles {
		o.styles += styleNames[s] + " "
	}
	return o
}

// play plays the steps, lets everything come to rest, and checks.
func (h *history) play() {
	h.ledgerSource = h.ledger.Source()
	for _, topic := range event.LedgerTopics {
		h.streams = append(h.streams, h.broker.partitionsOf(topic)...)
	}
	h.openShop()
	h.startRelay()
	for i := range h.runners {
		h.run(i)
	}
	for _, s := range h.plan.steps {
		h.rng = rand.New(rand.NewPCG(s.seed, 5))
		h.note("step %d %s at %s", s.number, actNames[s.act], h.now())
		h.take(s.act, rand.New(rand.NewPCG(s.seed, 6)))
		for range h.rng.IntN(40) {
			h.tick()
		}
		if h.failed() {
			return
		}
	}
	h.settle()
}

// now is the true time.
func (h *history) now() time.Time { return time.Now().Add(time.Duration(h.shift.Load())).UTC() }

func (h *history) ledgerSkew() time.Duration { return time.Duration(h.skew.Load()) }

// functions returns the functions of the release that is in force, with their bugs.
func (h *history) functions() []projection.Function {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all != nil {
		return h.all
	}
	config := functions.Defaults(currency)
	config.PromoThreshold, config.SilverThreshold, config.GoldThreshold = thresholds(h.lenient)
	h.all = functions.All(config)
	for i := range h.all {
		fn := &h.all[i]
		apply, name := fn.Apply, fn.Name
		if !h.plan.faults[bugs] || h.mended {
			continue
		}
		fn.Apply = func(doc projection.Document, ev *event.Event, day event.Date) (bool, error) {
			changed, err := apply(doc, ev, day)
			if id := ev.Source + " " + ev.ID; err == nil && h.buggy(name, id) {
				if len(id)%2 == 0 {
					panic("simulated: a bug in the rules")
				}
				return changed, errors.New("simulated: the rules refuse it")
			}
			return changed, err
		}
	}
	return h.all
}

// thresholds of promotions and of the tiers silver and gold, in minor units.
func thresholds(lenient bool) (promotion, silver, gold money.Amount) {
	if lenient {
		return 20_000, 60_000, 200_000
	}
	return 50_000, 100_000, 300_000
}

// release makes the functions' next release.
func (h *history) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = nil
}

func (h *history) function(name string) *projection.Function { return &h.functions()[h.index(name)] }

func (h *history) index(name string) int {
	return slices.IndexFunc(h.functions(), func(f projection.Function) bool { return f.Name == name })
}

// startRelay starts the relay as a new process.
func (h *history) startRelay() {
	h.relaying = h.start("relay", func(p *process) {
		if r := h.newRelay(p); r != nil {
			if err := r.Run(p.ctx); err != nil {
				h.fail("the relay gives up: %v", err)
			}
		}
	})
}

func (h *history) newRelay(p *process) *relay.Relay {
	beats := 0
	r, err := relay.New(relay.Options{
		Ledger: &books{h.ledger, p}, Cluster: &client{h.broker, p}, Log: slog.New(slog.DiscardHandler),
		// Periods that never fall due at once, so that their order is not left to chance.
		Poll: 31*time.Millisecond + 7, Heartbeat: 270*time.Millisecond + 11, Parallel: 3 * maxPartitions,
		Backoff: func(attempt int) time.Duration { return time.Duration(min(attempt, 6)*11)*time.Millisecond + 13 },
		NewID: func() (string, error) {
			beats++
			return fmt.Sprintf("beat-%d-%d", p.number, beats), nil
		},
	})
	if err != nil {
		h.fail("making the relay: %v", err)
	}
	return r
}

// books is the ledger as one relay sees it. What it notes there is a request
// like others: the relay may be killed before or after it is done.
type books struct {
	*ledger.Ledger
	p *process
}

func (b *books) MarkPublished(_ context.Context, marks map[string]int64, _ ...ledger.Run) error {
	marks = maps.Clone(marks)
	return b.p.call("note", nil, func() {
		if b.p.h.ledger == nil {
			return
		}
		for stream, n := range marks {
			if n > b.p.h.broker.published[stream] {
				b.p.h.fail("the relay notes %s as published up to %d, and it is up to %d", stream, n, b.p.h.broker.published[stream])
			}
		}
		if err := b.p.h.ledger.MarkPublished(context.Background(), marks); err != nil {
			b.p.h.fail("noting what was published: %v", err)
		}
	})
}

// note adds a line to the trace.
func (h *history) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	_, _ = io.WriteString(h.trace, line+"\n")
	if h.loud {
		h.lines = append(h.lines, line)
	}
}

func (h *history) count(what string) { h.counts[what]++ }

// fail keeps the first thing that is wrong.
func (h *history) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	h.failure.CompareAndSwap(nil, &text)
}

func (h *history) failed() bool { return h.failure.Load() != nil }

// ledger returns the ledger that the state belongs to, as it says itself.
func (d *database) ledger() string {
	doc := d.collections[projection.SettingsCollection.Name][projection.SettingsID]
	if doc == nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(doc.body), `"ledger":"`)
	source, _, _ := strings.Cut(rest, `"`)
	return source
}

// drain lets everything that can go on go on until nothing is left to do.
func (h *history) drain(until func() bool) {
	const most = 60_000
	for range most {
		if h.failed() {
			return
		}
		if !h.tick() {
			synctest.Wait()
			if until() {
				return
			}
		}
	}
	h.fail("it does not come to rest")
}
