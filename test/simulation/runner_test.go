package simulation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// style is how a trigger brings records.
type style uint8

const (
	// localRunner: batches with places; it begins at the lower of what the group has
	// committed and the checkpoint; folds in bulk where it is far behind.
	localRunner style = iota
	// placedBatches: batches with places of several partitions; it begins where the
	// group has committed, as an event source of Lambda does.
	placedBatches
	// singleEvents: records without places, in any order within a window, as
	// Knative's source delivers them; checkpoints are written now and then.
	singleEvents
	styleEnd
)

var styleNames = [styleEnd]string{"local", "batches", "single"}

// runner is one process of a function: it reads its partitions and hands
// batches to the real engine.
type runner struct {
	p       *process
	fn      *projection.Function
	engine  *projection.Engine
	style   style
	names   []string
	next    map[string]int64 // to be fetched, by partition
	decoder *event.Decoder
	window  []fetched // of single events: not done yet
	noted   bool      // of single events: some stand in no checkpoint yet
	last    error     // why the last batch was not done
	behind  bool      // records are folded in bulk until one gives up
}

// fetched is a record with its place.
type fetched struct {
	where  string
	origin projection.Origin
	entry  entry
}

// newEngine makes one that works in an epoch, or follows the live one where that is 0.
func (h *history) newEngine(p *process, index int, epoch int64, morgue projection.Morgue) *projection.Engine {
	c := &client{h.broker, p}
	if morgue == nil {
		morgue = c
	}
	e, err := projection.New(projection.Config{
		Function: h.functions()[index], Store: &store{h.database, p}, Morgue: morgue, Epoch: epoch, Rereader: c, Today: p.today, Currency: currency,
		CheckpointsApart: h.styles[index] == singleEvents && epoch == 0,
		Backoff:          func(attempt int) time.Duration { return time.Duration(attempt*3+1) * time.Millisecond },
	})
	if err != nil {
		h.fail("making an engine: %v", err)
	}
	return e
}

// today is the business day by the process's clock.
func (p *process) today() event.Date { return event.DateOf(p.h.now().Add(p.skew)) }

// run starts a runner of a function.
func (h *history) run(index int) *runner {
	r := h.newRunner(index)
	h.runners[index] = r
	r.p = h.newProcess(r.fn.Name)
	r.p.run(func(p *process) {
		r.engine = h.newEngine(p, index, 0, nil)
		if !r.begins() {
			return // older rules than the state's: this process can do nothing
		}
		for attempt := 0; !p.dead.Load(); {
			if r.turn() {
				attempt = 0
			} else {
				attempt++
				p.sleep(attempt)
			}
		}
	})
	return r
}

func (h *history) newRunner(index int) *runner {
	r := &runner{style: h.styles[index], decoder: event.NewDecoder(), next: map[string]int64{}}
	fn := h.functions()[index]
	r.fn = &fn
	for _, topic := range fn.Topics {
		r.names = append(r.names, h.broker.partitionsOf(topic)...)
	}
	return r
}

// begins tries to begin until it has, and returns false where the settings are against it.
func (r *runner) begins() bool {
	refused := (*projection.SettingsError)(nil)
	err := r.p.patiently(func() error {
		if err := r.begin(); !errors.As(err, &refused) {
			return err
		}
		return nil
	})
	return refused == nil && err == nil
}

func (p *process) sleep(attempt int) { time.Sleep(time.Duration(min(attempt, 5)*7) * time.Millisecond) }

// begin decides where each partition begins.
func (r *runner) begin() error {
	if err := r.engine.Start(r.p.ctx); err != nil {
		return err
	}
	return r.from(-1)
}

// from begins where the group has committed, or at a given offset where that is not
// below 0; and nowhere behind the checkpoint where the trigger asks for that.
func (r *runner) from(given int64) error {
	h := r.p.h
	begin := map[string]int64{}
	if err := r.p.call("committed", nil, func() {
		for _, where := range r.names {
			if begin[where] = given; given < 0 {
				begin[where] = max(0, h.broker.offset(r.fn.Name, where))
			}
		}
	}); err != nil {
		return err
	}
	if r.style == localRunner {
		for _, topic := range r.fn.Topics {
			for p, where := range h.broker.partitionsOf(topic) {
				checkpoint, ok, err := r.engine.Offset(r.p.ctx, string(topic), int32(p))
				if err != nil {
					return err
				}
				if !ok {
					checkpoint = 0
				}
				begin[where] = min(begin[where], checkpoint)
			}
		}
	}
	maps.Copy(r.next, begin)
	r.behind = r.style == localRunner && r.p.rng.IntN(2) == 0
	return nil
}

// waiting tells whether there are records to fetch.
func (r *runner) waiting() bool {
	if len(r.window) > 0 {
		return true
	}
	for _, where := range r.names {
		if r.next[where] < int64(len(r.p.h.broker.logs[where])) {
			return true
		}
	}
	return false
}

// turn brings one batch to its end. It returns false where some of it is to be
// brought again, after a while.
func (r *runner) turn() bool {
	if r.style == singleEvents {
		return r.turnSingle()
	}
	moved, outcome := r.batch()
	if outcome.Rewind && r.style == localRunner {
		r.p.h.note("%s#%d begins where the new epoch is", r.p.name, r.p.number)
		r.begins()
		return false
	}
	if moved != nil && !r.p.dead.Load() {
		r.commit(moved)
	}
	return moved != nil && outcome.Done()
}

// turnGroupless is turn for who is in no group.
func (r *runner) turnGroupless() bool {
	moved, outcome := r.batch()
	r.last = outcome.Err
	return moved != nil && outcome.Done()
}

// batch fetches and hands over one batch, and returns how far each of its
// partitions is then; nil where nothing was fetched.
func (r *runner) batch() (moved map[string]int64, outcome projection.Outcome) {
	var got []fetched
	partitions := 1 // of a local runner each partition is handed over by itself
	if r.style == placedBatches {
		partitions += r.p.rng.IntN(3)
	}
	if r.p.call("fetch", r.waiting, func() { got = r.fetch(partitions, 1+r.p.rng.IntN(12)) }) != nil {
		return nil, outcome
	}
	keep := r.p.rng.IntN(2) == 0 // the trigger holds the records in memory
	batch := make([]projection.Delivery, 0, len(got))
	for _, f := range got {
		d := r.decode(f, keep)
		if n := len(batch); n == 0 || !batch[n-1].Absorb(&d) {
			batch = append(batch, d)
		}
	}
	outcome = r.handle(batch)
	moved = map[string]int64{}
	for _, f := range got {
		moved[f.where] = max(moved[f.where], f.origin.Offset+1)
	}
	for _, again := range outcome.Retry {
		where := at(again.Topic, again.Partition)
		if again.Offset < r.next[where] || again.Offset >= moved[where] {
			r.p.h.fail("%s is to be brought again from %d, and the batch had %d to %d", where, again.Offset, r.next[where], moved[where]-1)
		}
		moved[where] = again.Offset
	}
	maps.Copy(r.next, moved)
	return moved, outcome
}

// handle hands a batch to the engine: in parts to a Bulk, or at once.
func (r *runner) handle(batch []projection.Delivery) projection.Outcome {
	h := r.p.h
	if r.behind {
		bulk := r.engine.Bulk()
		var err error
		for part := range slices.Chunk(batch, 4) {
			if err = bulk.Add(r.p.ctx, part); err != nil {
				break
			}
		}
		if err == nil {
			if outcome, _ := bulk.Commit(r.p.ctx); outcome.Done() {
				return outcome
			}
		}
		r.behind = r.p.rng.IntN(3) > 0
	}
	outcome, report := r.engine.Handle(r.p.ctx, batch)
	if n := report.Applied + report.Duplicates + report.Skipped + report.DeadLetters; outcome.Done() && n > report.Records {
		h.fail("a batch of %d records reports on %d", report.Records, n)
	}
	return outcome
}

// fetch takes records of some partitions, on the scheduler.
func (r *runner) fetch(partitions, most int) (got []fetched) {
	names := slices.Clone(r.names)
	r.p.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, where := range names {
		log := r.p.h.broker.logs[where]
		from := r.next[where]
		if from >= int64(len(log)) || partitions == 0 {
			continue
		}
		partitions--
		for o := from; o < min(from+int64(most), int64(len(log))); o++ {
			got = append(got, fetched{where, origin(where, o), log[o]})
			r.p.h.count("delivered")
		}
	}
	return got
}

func origin(where string, offset int64) projection.Origin {
	o := projection.Origin{Offset: offset}
	for i := range where {
		if where[i] == '/' {
			o.Topic = where[:i]
			_, _ = fmt.Sscan(where[i+1:], &o.Partition)
		}
	}
	return o
}

func (r *runner) decode(f fetched, keep bool) projection.Delivery {
	d := projection.Delivery{Origin: f.origin}
	var err error
	if d.Event, err = r.decoder.Decode(f.entry.message, r.engine.Uses); err != nil {
		d.Poison, d.Event = err, event.Event{}
	}
	if keep || err != nil {
		d.Message = &f.entry.message
	}
	return d
}

// turnSingle brings one record, or a few at once, of those that are waiting.
func (r *runner) turnSingle() bool {
	if r.p.call("fetch", func() bool { return r.noted || r.waiting() }, func() {
		if room := 5 - len(r.window); room > 0 {
			more := r.fetch(1, room)
			r.window = append(r.window, more...)
			for _, f := range more {
				r.next[f.where] = f.origin.Offset + 1
			}
		}
	}) != nil {
		return false
	}
	if len(r.window) == 0 {
		return r.flush()
	}
	r.p.rng.Shuffle(len(r.window), func(i, j int) { r.window[i], r.window[j] = r.window[j], r.window[i] })
	n := min(len(r.window), 1+r.p.rng.IntN(2))
	batch := make([]projection.Delivery, n)
	for i, f := range r.window[:n] {
		batch[i] = r.decode(f, true)
		batch[i].Origin = projection.Unplaced
	}
	outcome, _ := r.engine.Handle(r.p.ctx, batch)
	r.noted = true
	left := slices.Clone(r.window[n:])
	for i, f := range r.window[:n] {
		if !outcome.Took(i, projection.Unplaced) {
			left = append(left, f)
		}
	}
	r.window = left
	claim := maps.Clone(r.next)
	for _, f := range r.window {
		claim[f.where] = min(claim[f.where], f.origin.Offset)
	}
	r.commit(claim)
	if r.p.rng.IntN(3) == 0 && !r.flush() {
		return false
	}
	return outcome.Done()
}

// flush writes the checkpoints of single events. Those of a process that is killed
// before stay behind until the events are brought again.
func (r *runner) flush() bool {
	r.noted = r.engine.Flush(r.p.ctx) != nil
	return !r.noted
}

// commit claims offsets as done. One that fails is made good by a later one.
func (r *runner) commit(offsets map[string]int64) {
	h := r.p.h
	offsets = maps.Clone(offsets)
	_ = r.p.call("commit offsets", nil, func() {
		owner := h.runners[h.index(r.fn.Name)] == r
		if !owner && !h.draw(staleCommits, 2) {
			return // fenced: the group has another generation
		}
		if !owner {
			h.count("stale commit")
		}
		for _, where := range r.names {
			if o, ok := offsets[where]; ok {
				h.checkClaim(r.fn, where, o, "the commit", h.acknowledged())
			}
		}
		h.broker.commit(r.fn.Name, offsets)
	})
}

// level tells whether everything in the logs is done and committed.
func (r *runner) level() bool {
	h := r.p.h
	for _, where := range r.names {
		end := int64(len(h.broker.logs[where]))
		if r.next[where] < end || h.broker.offset(r.fn.Name, where) < end && end > 0 {
			return false
		}
	}
	return len(r.window) == 0 && !r.noted
}
