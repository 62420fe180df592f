package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"comptoir/functions/freshness"
	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// take does what a step is for.
func (h *history) take(a act, r *rand.Rand) {
	switch a {
	case actEntry:
		h.enter(r, false)
	case actRollback:
		h.enter(r, true)
	case actForeign:
		h.foreign(r)
	case actDays:
		h.shift.Add(int64(1+r.IntN(20)) * 24 * int64(time.Hour))
		h.count("days passed")
	case actClock:
		if h.plan.faults[clockSteps] {
			h.skew.Store(int64(r.IntN(49)-24) * int64(time.Hour))
			h.count("clock stepped")
		}
	case actReview:
		h.review(r.IntN(len(h.runners)))
	case actCrash:
		if h.plan.faults[crashes] {
			h.crash(r)
		}
	case actHandover:
		if h.plan.faults[handovers] {
			// The old owner stays at work, and is killed with a later one, if ever.
			h.count("handed over")
			h.run(r.IntN(len(h.runners)))
		}
	case actRules:
		if h.plan.faults[newRules] && !h.lenient {
			h.count("new thresholds")
			h.lenient = true
			h.release()
			for i := range h.runners {
				h.run(i)
			}
		}
	case actRepublish:
		h.republish(r)
	case actRedrive:
		h.redrive()
	case actRebuild:
		h.rebuild(r.IntN(6) == 0)
		// It may be killed anywhere on its way, and it may be run again after that.
		for range r.IntN(300) {
			h.tick()
		}
		if p := h.rebuilding; p != nil && !p.over() && h.plan.faults[crashes] && r.IntN(2) == 0 {
			h.count("rebuild killed")
			h.kill(p)
		}
	case actWait:
	}
}

// review starts a review of a function, as a schedule does.
func (h *history) review(index int) {
	h.count("review")
	h.begin("review "+h.functions()[index].Name, func(p *process) {
		// An error leaves documents due: the next one looks at them.
		_, _ = h.newEngine(p, index, 0, nil).Review(p.ctx)
	})
}

// crash kills a process and starts it again.
func (h *history) crash(r *rand.Rand) {
	switch r.IntN(4) {
	case 0:
		h.kill(h.relaying)
		h.startRelay()
	case 1:
		// The relay runs beside the ledger.
		h.kill(h.relaying)
		h.closeLedger()
		h.openLedger()
		h.count("ledger opened again")
		h.startRelay()
	default:
		i := r.IntN(len(h.runners))
		for _, p := range append([]*process(nil), h.processes...) {
			if p == h.runners[i].p || r.IntN(3) == 0 && p != h.relaying && !h.owns(p) {
				h.kill(p)
			}
		}
		h.run(i)
	}
}

// begin starts a process that ends by itself.
func (h *history) begin(name string, f func(p *process)) {
	h.tasks = append(h.tasks, h.start(name, f))
}

// owns tells whether a process has a function's partitions.
func (h *history) owns(p *process) bool {
	for _, r := range h.runners {
		if r.p == p {
			return true
		}
	}
	return false
}

// republish has the relay publish a range again, as the command does.
func (h *history) republish(r *rand.Rand) {
	stream := h.streams[r.IntN(len(h.streams))]
	last := h.broker.published[stream]
	if last == 0 {
		return
	}
	from := 1 + r.Int64N(last)
	to := from + r.Int64N(last-from+1)
	h.count("range published again")
	h.begin("republish", func(p *process) {
		if r := h.newRelay(p); r != nil {
			// Where it fails it is repeated by whoever wants it; nothing depends on it.
			_ = r.Republish(p.ctx, stream, from, to, nil)
		}
	})
}

// redrive publishes the records of all dead letters again, as they were.
func (h *history) redrive() {
	for _, l := range h.letters {
		h.count("redriven")
		h.broker.append(l.fact.topic, l.fact.partition, []event.Message{l.fact.message})
	}
}

// settle lets the faults end and everything come to rest, and checks what stands.
func (h *history) settle() {
	h.note("the faults end")
	h.rng = rand.New(rand.NewPCG(h.plan.seed, 7))
	h.calm = true
	h.undisturbed = len(h.letters)
	h.skew.Store(0)
	h.afresh()
	for _, p := range h.producers {
		p.release()
	}
	if h.plan.rebuilds {
		h.drain(func() bool { return true }) // the swap of a rebuild that was killed may be under way still
	}
	if _, filling := h.live(); filling || h.plan.rebuilds && h.plan.seed%3 == 0 {
		h.rebuild(false)
	}
	h.drain(h.level)
	if _, filling := h.live(); filling && !h.failed() {
		h.fail("a rebuild was begun again with nothing in its way and has not ended")
	}
	if h.plan.seed%2 == 0 && !h.failed() {
		h.note("what was broken is mended")
		h.mended = true
		h.release()
		h.redrive()
		h.afresh()
		h.drain(h.level)
	}
	last := h.lastDay()
	for i := range h.runners {
		h.review(i)
	}
	h.drain(h.level)
	if h.failed() {
		return
	}
	h.checkRecorded()
	h.checkLetters()
	h.checkDocuments(last)
	if h.failed() {
		return
	}
	before := h.bodies()
	h.note("everything is brought again")
	h.redelivering = true
	h.broker.committed = map[string]map[string]int64{}
	h.republish(rand.New(rand.NewPCG(h.plan.seed, 8)))
	h.afresh()
	h.drain(h.level)
	for id, body := range h.bodies() {
		if before[id] != body && !h.failed() {
			h.fail("everything was brought again and changed %s: it was %s and is %s", id, before[id], body)
		}
	}
}

// afresh starts every process anew.
func (h *history) afresh() {
	for len(h.processes) > 0 {
		h.kill(h.processes[0])
	}
	h.startRelay()
	for i := range h.runners {
		h.run(i)
	}
}

// level tells whether all that was recorded is published and everything published is done.
func (h *history) level() bool {
	heads, _, err := h.ledger.Heads(context.Background())
	if err != nil {
		h.fail("reading the heads: %v", err)
	}
	for _, stream := range h.streams {
		if h.broker.published[stream] < heads[stream] {
			return false
		}
	}
	for _, r := range h.runners {
		if !r.level() {
			return false
		}
	}
	return !slices.ContainsFunc(h.tasks, func(p *process) bool {
		select {
		case <-p.ended:
			return false
		default:
			return true
		}
	})
}

// lastDay moves the time to a day later than any that a clock has shown, and returns it.
func (h *history) lastDay() event.Date {
	last := event.DateOf(h.now())
	live, _ := h.live()
	for _, name := range h.collections() {
		for _, doc := range h.database.in(name, live) {
			last = max(last, doc.head.Day)
		}
	}
	days := int64(last-event.DateOf(h.now())) + int64(h.rng.IntN(9))
	h.shift.Add(days * 24 * int64(time.Hour))
	return event.DateOf(h.now())
}

// collections lists those of the functions.
func (h *history) collections() (names []string) {
	for _, f := range h.functions() {
		names = append(names, f.Collection.Name)
	}
	return names
}

// bodies returns the functions' documents as they stand.
func (h *history) bodies() map[string]string {
	all := map[string]string{}
	live, _ := h.live()
	for _, name := range h.collections() {
		if name == freshness.CollectionName {
			continue // its events come with time
		}
		for id, doc := range h.database.in(name, live) {
			all[name+" "+id] = string(doc.body)
		}
	}
	return all
}

// checkRecorded holds that every event of the ledger is published as it was recorded.
func (h *history) checkRecorded() {
	for _, stream := range h.streams {
		logged, err := h.ledger.Events(context.Background(), stream, 1, 1_000_000)
		if err != nil {
			h.fail("reading the event log: %v", err)
			return
		}
		for i, l := range logged {
			f := h.byID[h.ledgerSource+" "+l.ID]
			switch {
			case l.Sequence != int64(i+1):
				h.fail("%s: sequence %d stands where %d should", stream, l.Sequence, i+1)
			case f == nil:
				h.fail("%s: sequence %d was not published", stream, l.Sequence)
			case f.stream != stream || f.sequence != l.Sequence || f.kind != l.Type || f.key != l.Key || f.revision != l.Revision || !f.time.Equal(l.Time) || string(f.message.Value) != string(l.Data):
				h.fail("%s: sequence %d was published as something else: %s", stream, l.Sequence, f)
			}
		}
	}
}

// checkLetters holds that every record that can never be applied lies with the
// dead letters, for one reason, and that no record was kept aside without need.
func (h *history) checkLetters() {
	reasons, times := map[string]string{}, map[string]int{}
	// Where nothing was killed, lost or worked on by two, each record makes one letter.
	smooth := !h.plan.faults[lostReplies] && !h.plan.faults[lateWrites] && !h.plan.faults[crashes] && !h.plan.faults[handovers] && !h.plan.faults[newRules] && !h.plan.faults[refusals] && !h.plan.rebuilds
	for i, l := range h.letters {
		if l.origin.Offset >= 0 && i < h.undisturbed {
			where := fmt.Sprintf("%s for %s", l.origin, l.function)
			if times[where]++; times[where] > 1 && smooth {
				h.fail("%s was buried %d times although nothing went wrong", where, times[where])
			}
		}
		key := fmt.Sprintf("%s for %s", l.fact, l.function)
		// The figures in a reason are those of the document at the time.
		reason := strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' || c == '-' {
				return -1
			}
			return c
		}, l.reason)
		if known, ok := reasons[key]; ok && known != reason {
			h.fail("%s is a dead letter for two reasons: %s / %s", key, known, reason)
		}
		reasons[key] = reason
	}
	for i := range h.functions() {
		fn := &h.functions()[i]
		for _, f := range h.facts {
			if h.reads(fn, f) && h.sick(fn, f) && !h.buried[fn.Name+" "+f.id] {
				h.fail("%s can never be applied by %s and is not with the dead letters", f, fn.Name)
			}
		}
	}
}

// reads tells whether a function reads the topic where a fact lies.
func (h *history) reads(fn *projection.Function, f *fact) bool {
	for _, topic := range fn.Topics {
		if string(topic) == f.topic {
			return true
		}
	}
	return false
}
