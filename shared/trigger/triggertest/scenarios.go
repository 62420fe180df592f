package triggertest

import (
	"context"
	"fmt"
	"testing"

	"comptoir/shared/projection"
)

// scenario is a log and what befalls its bringing.
type scenario struct {
	name  string
	write func(*writer)
	// fault, if set, is asked before each operation of the state, n from 1.
	fault func(n int, op string, c *projection.Collection) fault
	// mend is after how many times of bringing the faults end, 1 where it is 0; dead
	// letters can be kept from the first on then.
	mend int
	// lettersAway: dead letters cannot be kept before that.
	lettersAway bool
	// stopAt ends the context of the first bringing at this operation of the state; 0: never.
	stopAt int
	// first, if set, is what must be acknowledged after the first bringing.
	first func(log map[string][]placedRecord) map[string]int64
}

// placedRecord tells of a record whether it is poison.
type placedRecord struct{ poison bool }

func scenarios() []scenario {
	good, poison := (*writer).good, (*writer).poison
	all := []scenario{
		{name: "good records", write: good, first: everything},
		{name: "duplicates and disorder", write: disorder, first: everything},
		{name: "poison", write: poison, first: everything},
		{name: "the state is away", write: good, mend: 1, first: nothing, fault: func(int, string, *projection.Collection) fault { return before }},
		{name: "dead letters cannot be kept", write: (*writer).numbered, mend: 1, lettersAway: true, first: upToPoison},
		{name: "dead letters of records without revisions cannot be kept", write: poison, mend: 1, lettersAway: true},
		{name: "somebody else writes the same documents", write: poison, first: everything, fault: func(n int, op string, c *projection.Collection) fault {
			if op == "commit" && n%3 == 0 && c.Name != projection.SettingsCollection.Name {
				return raced
			}
			return fine
		}},
		{name: "documents cannot be written", write: good, mend: 2, fault: func(_ int, op string, c *projection.Collection) fault {
			if op == "commit" && c.Name == tallies().Collection.Name {
				return before
			}
			return fine
		}},
	}
	for _, f := range []struct {
		name string
		is   fault
	}{{"fails", before}, {"is done and its reply lost", after}} {
		for n := 3; n <= 9; n++ {
			all = append(all, scenario{name: fmt.Sprintf("operation %d of the state %s", n, f.name), write: poison, fault: func(at int, op string, _ *projection.Collection) fault {
				if at == n && (f.is == before || op == "commit") {
					return f.is
				}
				return fine
			}})
		}
	}
	for n := 1; n <= 8; n += 2 {
		all = append(all, scenario{name: fmt.Sprintf("the time is over at operation %d of the state", n), write: poison, stopAt: n})
	}
	return all
}

// disorder has every event of a shop's day more than once, and those of a producer
// with numbers of its own in any order.
func disorder(w *writer) {
	w.good()
	first := len(w.log)
	for i := range first {
		w.log = append(w.log, w.log[(i*7)%first])
	}
	for _, revision := range []int64{9, 7, 8, 6, 5, 7, 10} {
		w.foreign("plum", fmt.Sprintf("web-late-%d", revision), revision, 1)
	}
	w.log = append(w.log, w.log[:first/2]...)
}

func everything(log map[string][]placedRecord) map[string]int64 {
	all := map[string]int64{}
	for name, records := range log {
		all[name] = int64(len(records))
	}
	return all
}

func nothing(log map[string][]placedRecord) map[string]int64 {
	all := map[string]int64{}
	for name := range log {
		all[name] = 0
	}
	return all
}

func upToPoison(log map[string][]placedRecord) map[string]int64 {
	all := map[string]int64{}
	for name, records := range log {
		all[name] = int64(len(records))
		for i, r := range records {
			if r.poison {
				all[name] = int64(i)
				break
			}
		}
	}
	return all
}

// mostRounds bounds how often records are brought before all must be done.
const mostRounds = 12

func (s *scenario) run(t *testing.T, k Kind) {
	w := newWriter()
	s.write(w)
	want := expect(t, w.log)
	b := open(t, w.log, k.CheckpointsApart)
	trigger := k.Open(t, b)
	b.morgue.set(s.lettersAway)
	log := b.judged(t, want)
	acknowledged := nothing(log)
	for round := 1; ; round++ {
		ctx, cancel := context.WithCancel(t.Context())
		b.store.set(func(n int, op string, c *projection.Collection) fault {
			if round == 1 && n == s.stopAt {
				cancel()
			}
			if s.fault == nil || round > max(1, s.mend) {
				return fine
			}
			return s.fault(n, op, c)
		})
		if round > s.mend {
			b.morgue.set(false)
		}
		now := trigger.Bring(ctx)
		cancel()
		b.store.set(nil)
		b.claims(t, k, want, acknowledged, now)
		acknowledged = now
		if round == 1 && s.first != nil {
			if must := s.first(log); !equal(acknowledged, must) {
				t.Errorf("the first time %v is acknowledged, want %v", acknowledged, must)
			}
		}
		if equal(acknowledged, everything(log)) {
			break
		}
		if t.Failed() || round == mostRounds {
			t.Fatalf("after %d times %v is acknowledged, of %v", round, acknowledged, everything(log))
		}
	}
	trigger.Close()
	faults := s.fault != nil || s.stopAt > 0 || s.mend > 0
	b.compare(t, k, want, faults)
}

func equal(a, b map[string]int64) bool {
	return fmt.Sprint(a) == fmt.Sprint(b) // maps are printed in the order of their keys
}
