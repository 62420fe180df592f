package projection_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
)

var (
	ctx   = context.Background()
	start = time.Date(2011, 12, 9, 8, 0, 0, 0, time.UTC)
	today = event.NewDate(2011, 12, 9)
)

func engine(t testing.TB, s projection.Store, m projection.Morgue, change ...func(*projection.Config)) *projection.Engine {
	t.Helper()
	c := projection.Config{
		Function: tallies(), Store: s, Morgue: m, Currency: "GBP",
		Today:   func() event.Date { return today },
		Backoff: func(int) time.Duration { return 0 },
	}
	for _, f := range change {
		f(&c)
	}
	e, err := projection.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func sold(key string, revision, offset int64, net money.Amount) projection.Delivery {
	return projection.Delivery{
		Event: event.Event{
			Attributes: event.Attributes{
				ID: fmt.Sprintf("%s-%d", key, revision), Source: "/ledgers/a", Type: event.ProductSold, Key: key,
				Revision: revision, Stream: "sales/0", Sequence: offset + 1, Time: start.Add(time.Duration(offset) * time.Second),
			},
			Data: &event.ProductSale{DocumentID: "INV-1", Date: today, Quantity: 1000, Net: net, Currency: "GBP"},
		},
		Origin:  projection.Origin{Topic: "sales", Offset: offset},
		Message: &event.Message{Key: []byte(key)},
	}
}

func foreign(key, id string, offset int64, net money.Amount) projection.Delivery {
	d := sold(key, 0, offset, net)
	d.Event.ID, d.Event.Source, d.Event.Sequence, d.Event.Stream = id, "/shops/web", 0, ""
	return d
}

func (m *memory) tally(t testing.TB, id string) *tally {
	t.Helper()
	c := tallies().Collection
	docs, err := m.Load(ctx, &c, []string{id})
	if err != nil {
		t.Fatal(err)
	}
	doc, ok := docs[id].(*tally)
	if !ok {
		return &tally{}
	}
	return doc
}

func (m *memory) checkpoint(t testing.TB, stream string) *projection.Checkpoint {
	t.Helper()
	docs, err := m.Load(ctx, &projection.Checkpoints, []string{projection.CheckpointID("tallies", stream)})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := docs[projection.CheckpointID("tallies", stream)].(*projection.Checkpoint)
	if !ok {
		return &projection.Checkpoint{Offset: -1}
	}
	return c
}

func TestEachEventCountsOnce(t *testing.T) {
	tests := []struct {
		name    string
		batches [][]projection.Delivery
		total   int64
		missing string
		late    int64
	}{
		{"in order", [][]projection.Delivery{{sold("p", 1, 0, 10), sold("p", 2, 1, 20)}, {sold("p", 3, 2, 30)}}, 60, "[]", 0},
		{"repeated in a batch", [][]projection.Delivery{{sold("p", 1, 0, 10), sold("p", 1, 1, 10), sold("p", 2, 2, 20)}}, 30, "[]", 0},
		{"repeated later", [][]projection.Delivery{{sold("p", 1, 0, 10), sold("p", 2, 1, 20)}, {sold("p", 1, 0, 10), sold("p", 2, 1, 20), sold("p", 3, 2, 30)}}, 60, "[]", 0},
		{"a jump is missing", [][]projection.Delivery{{sold("p", 1, 0, 10), sold("p", 4, 1, 40)}}, 50, "[{2 3}]", 0},
		{"what was missing comes late", [][]projection.Delivery{{sold("p", 1, 0, 10), sold("p", 4, 1, 40)}, {sold("p", 3, 2, 30)}, {sold("p", 3, 3, 30), sold("p", 2, 4, 20)}}, 100, "[]", 2},
		{"the first is missing", [][]projection.Delivery{{sold("p", 2, 1, 20)}}, 20, "[{1 1}]", 0},
		{"a foreign producer's redelivery", [][]projection.Delivery{{foreign("p", "a", 5, 10)}, {foreign("p", "a", 5, 10), foreign("p", "b", 6, 5)}}, 15, "", 0},
		{"a foreign producer repeats itself", [][]projection.Delivery{{foreign("p", "a", 5, 10)}, {foreign("p", "a", 9, 10)}}, 10, "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMemory()
			e := engine(t, m, &morgue{})
			for _, batch := range test.batches {
				if out, _ := e.Handle(ctx, batch); !out.Done() {
					t.Fatalf("outcome %+v", out)
				}
			}
			got := m.tally(t, "p")
			if got.Total != test.total {
				t.Errorf("total %d, want %d", got.Total, test.total)
			}
			if s := got.Sources[0]; test.missing != "" && (fmt.Sprint(s.Missing) != test.missing || s.Late != test.late) {
				t.Errorf("missing %v late %d, want %s and %d", s.Missing, s.Late, test.missing, test.late)
			}
			writes := m.writes
			for _, batch := range test.batches {
				e.Handle(ctx, batch)
			}
			if m.writes != writes {
				t.Errorf("repeating all of it wrote %d documents, want none", m.writes-writes)
			}
		})
	}
}

func TestForeignIdsAreBounded(t *testing.T) {
	m := newMemory()
	e := engine(t, m, &morgue{})
	for i := range int64(200) {
		e.Handle(ctx, []projection.Delivery{foreign("p", fmt.Sprint("id", i), i, 1)})
	}
	if got := m.tally(t, "p"); got.Total != 200 || len(got.Sources[0].Recent) != 64 {
		t.Fatalf("total %d with %d ids kept, want 200 and 64", got.Total, len(got.Sources[0].Recent))
	}
}

func TestPoisonIsKeptAsideAndBlocksNothing(t *testing.T) {
	undecodable := projection.Delivery{Origin: projection.Origin{Topic: "sales", Offset: 2}, Poison: errors.New("not a CloudEvent"), Message: &event.Message{Value: []byte("x")}}
	wrongCurrency := sold("p", 9, 5, 1)
	wrongCurrency.Event.Data = &event.ProductSale{Currency: "EUR"}
	otherLedger := sold("p", 1, 6, 1)
	otherLedger.Event.Source = "/ledgers/b"
	batch := []projection.Delivery{
		sold("p", 1, 0, 10), sold("p", 2, 1, poisonNet), undecodable, sold("p", 3, 3, panicNet), sold("p", 4, 4, 40),
		wrongCurrency, otherLedger, sold("p", 5, 7, fatNet), sold("p", 6, 8, 1), sold("q", 1, 9, fatNet),
	}
	for _, size := range []int{1, 3, len(batch)} {
		m, dead := newMemory(), &morgue{}
		e := engine(t, m, dead)
		for i := 0; i < len(batch); i += size {
			if out, _ := e.Handle(ctx, batch[i:min(i+size, len(batch))]); !out.Done() {
				t.Fatalf("batches of %d: outcome %+v", size, out)
			}
		}
		if got := m.tally(t, "p"); got.Total != 51 || got.Orders != 3 || fmt.Sprint(got.Sources[0].Missing) != "[{2 3} {5 5}]" {
			t.Errorf("batches of %d: total %d, orders %d, missing %v", size, got.Total, got.Orders, got.Sources[0].Missing)
		}
		if got := m.tally(t, "q"); got.Version != 0 {
			t.Errorf("batches of %d: the refused document exists: %+v", size, got)
		}
		var origins []string
		for _, l := range dead.letters {
			origins = append(origins, fmt.Sprint(l.Origin.Offset))
		}
		for _, want := range []string{"1", "2", "3", "5", "6", "7", "9"} {
			if n := strings.Count(" "+strings.Join(origins, " ")+" ", " "+want+" "); n != 1 {
				t.Errorf("batches of %d: offset %s has %d dead letters, want 1 (all: %v)", size, want, n, origins)
			}
		}
		if c := m.checkpoint(t, "sales/0"); c.Offset != 10 || c.DeadLetters != 7 || c.Records != 10 {
			t.Errorf("batches of %d: checkpoint %+v", size, c)
		}
		// All of it again: a redelivery makes no second letter and counts nothing.
		if out, r := e.Handle(ctx, batch); !out.Done() || len(dead.letters) != 7 || r.DeadLetters != 0 {
			t.Errorf("batches of %d: again: outcome %+v, %d letters", size, out, len(dead.letters))
		}
	}
}

// Records without a revision are known by their offsets: poison among them must
// be a dead letter before a later one is written, whatever is lost or repeated.
func TestPoisonWithoutARevision(t *testing.T) {
	refused, stored := foreign("p", "c", 2, fatNet), foreign("p", "c", 2, 2)
	for _, third := range []projection.Delivery{refused, stored} {
		batch := []projection.Delivery{foreign("p", "a", 0, poisonNet), foreign("p", "b", 1, 20), third, foreign("p", "d", 3, 40)}
		total, letters := int64(60), 2
		if third.Event.Data == stored.Event.Data {
			total, letters = 62, 1
		}
		for _, op := range []string{"commit", "bury", "never"} {
			for _, f := range []fault{before, after} {
				for nth := range 12 {
					m, dead, count := newMemory(), &morgue{}, 0
					at := func(is string) fault {
						if is != op {
							return fine
						}
						if count++; count == nth+1 {
							return f
						}
						return fine
					}
					m.fault, dead.fault = at, func() bool { return at("bury") != fine }
					attempts := untilDone(t, engine(t, m, dead), batch)
					kept := map[int64]bool{}
					for _, l := range dead.letters {
						kept[l.Origin.Offset] = true
					}
					if got := m.tally(t, "p"); got.Total != total || !kept[0] || len(kept) != letters {
						t.Fatalf("%s %d fails (%d): total %d, want %d; dead letters at %v, want %d", op, nth, f, got.Total, total, kept, letters)
					}
					if c := m.checkpoint(t, "sales/0"); attempts == 1 && c.DeadLetters != int64(letters) {
						t.Fatalf("%s %d fails (%d): the checkpoint counts %d dead letters, want %d", op, nth, f, c.DeadLetters, letters)
					}
				}
			}
		}
	}
}

// untilDone brings a batch until it is done, and returns how often that was.
func untilDone(t *testing.T, e *projection.Engine, batch []projection.Delivery) (attempts int) {
	t.Helper()
	for {
		out, _ := e.Handle(ctx, batch)
		if attempts++; out.Done() {
			return attempts
		}
		if attempts > 5 {
			t.Fatal(out.Err)
		}
	}
}

// A document with poison and one whose write was lost are written again together,
// in the order of their ids.
func TestWhatIsTriedAgainIsSortedToo(t *testing.T) {
	m, dead, lost := newMemory(), &morgue{}, false
	m.fault = func(op string) fault {
		if op == "commit" && len(m.docs) == 3 && !lost { // settings, checkpoint and q are there
			lost = true
			return before
		}
		return fine
	}
	e := engine(t, m, dead)
	e.Handle(ctx, []projection.Delivery{sold("q", 1, 0, 1)})
	out, _ := e.Handle(ctx, []projection.Delivery{sold("a", 1, 1, 1), sold("z", 1, 2, poisonNet), sold("z", 2, 3, 1)})
	if !out.Done() || !lost || len(dead.letters) != 1 || m.tally(t, "a").Total != 1 || m.tally(t, "z").Total != 1 {
		t.Errorf("outcome %+v, %d letters", out, len(dead.letters))
	}
}

// A fix is deployed and the dead letter comes again: the figures are as if
// nothing had happened.
func TestRedriveFillsTheGap(t *testing.T) {
	m, dead := newMemory(), &morgue{}
	batch := []projection.Delivery{sold("p", 1, 0, 10), sold("p", 2, 1, poisonNet), sold("p", 3, 2, 30)}
	engine(t, m, dead).Handle(ctx, batch)
	fixed := engine(t, m, dead, func(c *projection.Config) {
		apply := c.Function.Apply
		c.Function.Apply = func(doc projection.Document, ev *event.Event, day event.Date) (bool, error) {
			if d, ok := ev.Data.(*event.ProductSale); ok && d.Net == poisonNet {
				doc.(*tally).Total += poisonNet
				return true, nil
			}
			return apply(doc, ev, day)
		}
	})
	redriven := sold("p", 2, 17, poisonNet)
	for range 3 {
		fixed.Handle(ctx, []projection.Delivery{redriven})
	}
	if got := m.tally(t, "p"); got.Total != 40+poisonNet || len(got.Sources[0].Missing) != 0 {
		t.Fatalf("total %d, missing %v", got.Total, got.Sources[0].Missing)
	}
}

func TestNothingIsClaimedThatWasNotDone(t *testing.T) {
	t.Run("the state is away", func(t *testing.T) {
		m := newMemory()
		e := engine(t, m, &morgue{})
		e.Handle(ctx, []projection.Delivery{sold("p", 1, 0, 10)})
		m.fault = func(op string) fault {
			if op == "commit" {
				return before
			}
			return fine
		}
		batch := []projection.Delivery{sold("p", 2, 1, 10), sold("q", 1, 2, 10)}
		other := sold("r", 1, 7, 10)
		other.Origin.Partition = 3
		out, _ := e.Handle(ctx, append(batch, other))
		if fmt.Sprint(out.Retry) != "[{sales 0 1} {sales 3 7}]" || !errors.Is(out.Err, errLost) {
			t.Fatalf("outcome %+v", out)
		}
		m.fault = func(string) fault { return fine }
		if c := m.checkpoint(t, "sales/0"); c.Offset != 1 {
			t.Fatalf("the checkpoint claims offset %d", c.Offset)
		}
	})
	t.Run("dead letters cannot be kept", func(t *testing.T) {
		m := newMemory()
		away := true
		dead := &morgue{fault: func() bool { return away }}
		e := engine(t, m, dead)
		batch := []projection.Delivery{sold("p", 1, 0, 10), sold("p", 2, 1, poisonNet), sold("q", 1, 2, 5)}
		out, _ := e.Handle(ctx, batch)
		if fmt.Sprint(out.Retry) != "[{sales 0 1}]" || m.checkpoint(t, "sales/0").Offset != 1 {
			t.Fatalf("outcome %+v, checkpoint %+v", out, m.checkpoint(t, "sales/0"))
		}
		away = false
		if out, _ = e.Handle(ctx, batch[1:]); !out.Done() || len(dead.letters) != 1 || m.checkpoint(t, "sales/0").Offset != 3 {
			t.Fatalf("outcome %+v, %d letters", out, len(dead.letters))
		}
		if m.tally(t, "p").Total+m.tally(t, "q").Total != 15 {
			t.Fatal("the totals are wrong")
		}
	})
	t.Run("the time is over", func(t *testing.T) {
		over, cancel := context.WithCancel(ctx)
		m := newMemory()
		e := engine(t, m, &morgue{})
		e.Handle(ctx, []projection.Delivery{sold("p", 1, 0, 10)})
		cancel()
		if out, _ := e.Handle(over, []projection.Delivery{sold("p", 2, 1, 10)}); fmt.Sprint(out.Retry) != "[{sales 0 1}]" || !errors.Is(out.Err, context.Canceled) {
			t.Fatalf("outcome %+v", out)
		}
	})
	t.Run("a record without a place", func(t *testing.T) {
		m := newMemory()
		e := engine(t, m, &morgue{})
		m.fault = func(string) fault { return before }
		d := sold("p", 1, 0, 10)
		d.Origin = projection.Unplaced
		if out, _ := e.Handle(ctx, []projection.Delivery{d}); len(out.Unplaced) != 1 || out.Done() {
			t.Fatalf("outcome %+v", out)
		}
	})
}

func TestSettings(t *testing.T) {
	m := newMemory()
	if err := engine(t, m, &morgue{}).Start(ctx); err != nil {
		t.Fatal(err)
	}
	refused := func(name string, change func(*projection.Config)) {
		t.Helper()
		e := engine(t, m, &morgue{}, change)
		var se *projection.SettingsError
		if err := e.Start(ctx); !errors.As(err, &se) {
			t.Errorf("%s: %v, want a SettingsError", name, err)
		}
		if out, _ := e.Handle(ctx, []projection.Delivery{sold("p", 1, 0, 10)}); out.Done() {
			t.Errorf("%s: the batch was claimed", name)
		}
	}
	refused("another currency", func(c *projection.Config) { c.Currency = "EUR" })
	refused("other thresholds under the same version", func(c *projection.Config) { c.Function.RulesHash, c.RulesVersion = "two", 1 })
	e := engine(t, m, &morgue{}, func(c *projection.Config) { c.Function.RulesHash = "two" })
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	e.Handle(ctx, []projection.Delivery{sold("p", 1, 0, 10)})
	if got := m.tally(t, "p"); got.RulesVersion != 2 || got.RulesHash != "two" {
		t.Fatalf("chosen version %d hash %s, want 2 and two", got.RulesVersion, got.RulesHash)
	}
	refused("older rules", func(c *projection.Config) { c.RulesVersion = 1 })
}

// A process with older rules is still at work while the new one is: it takes
// nothing back that a checkpoint says of the rules.
func TestOlderRulesBesideNewOnes(t *testing.T) {
	m := newMemory()
	old := engine(t, m, &morgue{})
	old.Handle(ctx, []projection.Delivery{sold("p", 1, 0, 10)})
	e := engine(t, m, &morgue{}, func(c *projection.Config) { c.Function.RulesHash = "two" })
	e.Handle(ctx, []projection.Delivery{sold("p", 2, 1, 10)})
	if out, _ := old.Handle(ctx, []projection.Delivery{sold("p", 3, 2, 10)}); out.Done() {
		t.Error("older rules changed a document that newer ones had made")
	}
	if out, _ := old.Handle(ctx, []projection.Delivery{sold("q", 1, 2, 10)}); !out.Done() {
		t.Error(out.Err)
	}
	if got := m.checkpoint(t, "sales/0"); got.Offset != 3 || got.RulesVersion != 2 || got.RulesHash != "two" {
		t.Errorf("the checkpoint is at %d, by the rules %d %s; want 3, 2 and two", got.Offset, got.RulesVersion, got.RulesHash)
	}
}

func TestReview(t *testing.T) {
	m := newMemory()
	day := today
	e := engine(t, m, &morgue{}, func(c *projection.Config) { c.Today = func() event.Date { return day } })
	var batch []projection.Delivery
	for i := range int64(2500) {
		batch = append(batch, sold(fmt.Sprintf("p%04d", i), 1, i, 1000))
	}
	e.Handle(ctx, batch)
	if n, err := e.Review(ctx); n != 0 || err != nil {
		t.Fatalf("nothing is due, and %d were written (%v)", n, err)
	}
	before := m.checkpoint(t, "review").Version
	day++
	if n, err := e.Review(ctx); n != 2500 || err != nil {
		t.Fatalf("%d reviewed, want 2500 (%v)", n, err)
	}
	if got := m.tally(t, "p0007"); got.Day != day || got.ReviewOn != day+1 || got.Grade != 1+int64(day) || got.Version != 2 {
		t.Fatalf("reviewed document %+v", got)
	}
	if c := m.checkpoint(t, "review"); c.Version == before || c.Records != 2500 {
		t.Fatalf("the review left no note: %+v", c)
	}
	day -= 2 // the clock goes back; the documents' day does not
	e.Handle(ctx, []projection.Delivery{sold("p0007", 2, 3000, 1)})
	if got := m.tally(t, "p0007"); got.Day != today+1 {
		t.Fatalf("the document's day went back to %s", got.Day)
	}
}

// Histories from seeds: events of several products, a register and two foreign
// producers arrive repeated, late and in odd batches, on several partitions,
// while replies are lost and others write. In the end the documents hold each
// event once.
func TestHistories(t *testing.T) {
	bulks := 0
	for seed := range uint64(200) {
		bulks += history(t, seed)
	}
	if bulks < 200 {
		t.Errorf("only %d bulks came to their end", bulks)
	}
}

func history(t *testing.T, seed uint64) (bulks int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var log [3][]projection.Delivery // by partition; the keys of one partition stay in it
	want := map[string]int64{}
	letters := 0
	for p := range log {
		revisions := map[string]int64{}
		for o := range int64(40) {
			key := fmt.Sprintf("k%d-%d", p, r.IntN(4))
			var d projection.Delivery
			switch n := r.IntN(12); {
			case n < 8:
				revisions[key]++
				d = sold(key, revisions[key], o, money.Amount(1+r.IntN(500)))
			case n < 10:
				d = foreign(key, fmt.Sprint(key, "-", o), o, money.Amount(1+r.IntN(500)))
			case n < 11:
				revisions[key]++
				d = sold(key, revisions[key], o, poisonNet)
			default:
				d = projection.Delivery{Poison: errors.New("not a CloudEvent"), Message: &event.Message{}, Origin: projection.Origin{Topic: "sales", Offset: o}}
			}
			d.Origin.Partition = int32(p)
			d.Event.Stream = fmt.Sprint("sales/", p)
			d.Event.Sequence = o + 1
			if sale, ok := d.Event.Data.(*event.ProductSale); ok && sale.Net != poisonNet {
				want[key] += int64(sale.Net)
			} else {
				letters++
			}
			log[p] = append(log[p], d)
		}
	}
	m, dead := newMemory(), &morgue{}
	faults := 60
	m.fault = func(string) fault {
		if faults > 0 && r.IntN(3) == 0 {
			faults--
			return fault(1 + r.IntN(3))
		}
		return fine
	}
	dead.fault = func() bool { return r.IntN(5) == 0 }
	e := engine(t, m, dead)
	var next [3]int
	for steps := 0; next != [3]int{40, 40, 40}; steps++ {
		if steps > 5000 {
			t.Fatalf("seed %d: no progress", seed)
		}
		if r.IntN(10) == 0 {
			e = engine(t, m, dead) // crash and restart: nothing but the state is left
		}
		if r.IntN(10) == 0 { // a stale commit moves the group back
			p := r.IntN(3)
			next[p] = r.IntN(next[p] + 1)
		}
		var batch []projection.Delivery
		var end [3]int
		for p := range log {
			end[p] = min(next[p]+r.IntN(8), len(log[p]))
			batch = append(batch, log[p][next[p]:end[p]]...)
		}
		var out projection.Outcome
		if r.IntN(2) == 0 {
			out, _ = e.Handle(ctx, batch)
		} else if out = inBulk(e, r, batch); out.Done() && len(batch) > 0 {
			bulks++
		}
		for _, p := range out.Retry {
			end[p.Partition] = int(p.Offset)
		}
		if r.IntN(12) > 0 { // else: done, but the acknowledgement is lost
			next = end
		}
		faulty := m.fault
		m.fault = func(string) fault { return fine }
		for p := range log {
			if c := m.checkpoint(t, fmt.Sprint("sales/", p)); c.Offset > 0 && int(c.Offset) < next[p] {
				t.Fatalf("seed %d: acknowledged up to %d, the checkpoint knows %d", seed, next[p], c.Offset)
			}
		}
		m.fault = faulty
	}
	m.fault = func(string) fault { return fine }
	for key, total := range want {
		if got := m.tally(t, key); got.Total != total {
			t.Fatalf("seed %d: %s has %d, want %d", seed, key, got.Total, total)
		}
	}
	seen := map[projection.Origin]int{}
	for _, l := range dead.letters {
		seen[l.Origin]++
	}
	if len(seen) != letters {
		t.Fatalf("seed %d: %d records were kept aside, want %d", seed, len(seen), letters)
	}
	var records, kept int64
	for p := range log {
		c := m.checkpoint(t, fmt.Sprint("sales/", p))
		records, kept = records+c.Records, kept+c.DeadLetters
	}
	if records != 120 || kept != int64(letters) {
		t.Fatalf("seed %d: the checkpoints count %d records and %d dead letters, want 120 and %d", seed, records, kept, letters)
	}
	return bulks
}
