package projection_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
)

// inBulk brings a batch in parts. What a Bulk cannot do is all to be brought again.
func inBulk(e *projection.Engine, r *rand.Rand, batch []projection.Delivery) projection.Outcome {
	b := e.Bulk()
	for rest := batch; len(rest) > 0; {
		n := 1 + r.IntN(len(rest))
		if err := b.Add(ctx, rest[:n]); err != nil {
			var all projection.Outcome
			for _, d := range slices.Backward(batch) {
				all.Retry = append(all.Retry, projection.Position(d.Origin)) // the first of a partition comes last
			}
			return all
		}
		rest = rest[n:]
	}
	out, _ := b.Commit(ctx)
	return out
}

// A Bulk leaves what a batch leaves: the same documents, checkpoints and report.
func TestBulkIsABatch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	plain, parts := newMemory(), newMemory()
	var batch []projection.Delivery
	for o := range int64(300) {
		d := sold(fmt.Sprint("k", r.IntN(20)), 0, o, money.Amount(1+r.IntN(500)))
		switch r.IntN(10) {
		case 0:
			d.Event.Data, d.Event.Type = nil, event.ClientInvoiced
		case 1:
			d.Event.Data, d.Event.Type = &event.Product{Name: fmt.Sprint("name ", o), Currency: "GBP"}, event.ProductChanged
		default:
			d.Event.Revision = 1 + r.Int64N(9) // some again and again
		}
		batch = append(batch, d)
	}
	_, want := engine(t, plain, &morgue{}).Handle(ctx, batch)
	b := engine(t, parts, &morgue{}).Bulk()
	for part := range slices.Chunk(batch, 7) {
		if err := b.Add(ctx, part); err != nil {
			t.Fatal(err)
		}
	}
	out, got := b.Commit(ctx)
	if !out.Done() || !reflect.DeepEqual(got, want) || want.Duplicates == 0 || want.Skipped == 0 {
		t.Errorf("%+v, report %+v, want %+v", out, got, want)
	}
	if !reflect.DeepEqual(plain.docs, parts.docs) {
		t.Error("the stores differ")
	}
}

// A Bulk that meets something of its own kind gives up and claims nothing.
func TestBulkGivesUp(t *testing.T) {
	good := func() []projection.Delivery {
		return []projection.Delivery{sold("p", 1, 5, 10), sold("q", 1, 6, 10)}
	}
	undecodable := projection.Delivery{Origin: projection.Origin{Topic: "sales", Offset: 7}, Poison: errors.New("not a CloudEvent")}
	foreignMoney := sold("p", 2, 7, 1)
	foreignMoney.Event.Data = &event.ProductSale{Currency: "EUR"}
	for name, c := range map[string]struct {
		part   []projection.Delivery
		before func(*memory)
	}{
		"an undecodable record":  {part: []projection.Delivery{undecodable}},
		"another currency":       {part: []projection.Delivery{foreignMoney}},
		"a rule that refuses":    {part: []projection.Delivery{sold("p", 2, 7, poisonNet)}},
		"a rule that panics":     {part: []projection.Delivery{sold("p", 2, 7, panicNet)}},
		"a document that is fat": {part: []projection.Delivery{sold("p", 2, 7, fatNet)}},
		"someone else's change":  {before: func(m *memory) { engine(t, m, &morgue{}).Handle(ctx, []projection.Delivery{sold("q", 9, 0, 1)}) }},
		"a reply that never comes": {before: func(m *memory) {
			m.fault = func(op string) fault { return map[string]fault{"commit": after}[op] }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			b := engine(t, m, &morgue{}).Bulk()
			if err := b.Add(ctx, good()); err != nil {
				t.Fatal(err)
			}
			if c.before != nil {
				c.before(m)
			}
			if err := b.Add(ctx, c.part); err != nil {
				if m.tally(t, "p").Version != 0 {
					t.Error("something was written")
				}
				return
			}
			out, _ := b.Commit(ctx)
			m.fault = func(string) fault { return fine }
			if len(out.Retry) != 1 || out.Retry[0].Offset != 5 || out.Err == nil {
				t.Errorf("the outcome is %+v, want all of it again", out)
			}
			if at := m.checkpoint(t, "sales/0"); at.Offset > 5 {
				t.Errorf("the checkpoint claims up to %d", at.Offset)
			}
		})
	}
}
