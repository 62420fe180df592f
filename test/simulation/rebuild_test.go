package simulation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"comptoir/local/rebuild"
	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
)

// rebuilder is one process of the real rebuild, on the simulated Kafka and store.
// It is rebuild.Source and rebuild.Tables.
type rebuilder struct {
	p *process
	// doubtful: its verification finds a difference that is not there.
	doubtful bool
}

// rebuild starts a rebuild, where none is at work: a lock of the data directory sees to that.
func (h *history) rebuild(doubtful bool) {
	if h.rebuilding != nil && !h.rebuilding.over() {
		return
	}
	h.count("rebuild")
	h.begin("rebuild", func(p *process) {
		r := &rebuilder{p, doubtful}
		s := &store{h.database, p}
		before, filling := h.live()
		res, err := rebuild.Run(p.ctx, rebuild.Config{
			Store: s, Tables: r, Source: r, Functions: h.functions(), Currency: currency, Ledger: h.ledgerSource, Now: h.now,
			Log: slog.New(slog.DiscardHandler), Backoff: func(attempt int) time.Duration { return time.Duration(attempt*3+2) * time.Millisecond },
		})
		if p.dead.Load() {
			return
		}
		// On the scheduler, as everything is that looks at the store.
		_ = p.call("rebuild ends", nil, func() {
			h.note("rebuild: %+v %v", res, err)
			switch now, still := h.live(); {
			case err == nil && (now != res.Epoch || still):
				h.fail("a rebuild says that epoch %d is live and whole, and it is %d, filling: %v", res.Epoch, now, still)
			case err == nil && doubtful && !res.Resumed:
				h.fail("a rebuild whose verification found differences says that it is done")
			case err == nil && res.Resumed:
				h.count("rebuild ended after its swap")
			case err == nil:
				h.count("rebuild done")
			case doubtful && !filling && now != before:
				h.fail("a rebuild whose verification found differences made epoch %d live", now)
			default:
				h.count("rebuild gave up")
			}
		})
	})
	h.rebuilding = h.tasks[len(h.tasks)-1]
}

func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return p.dead.Load()
	}
}

// live returns the epoch that is live, and whether it is being filled.
func (h *history) live() (epoch int64, filling bool) {
	pointer := h.database.settings(1)
	if pointer == nil || pointer.Epoch <= 1 {
		return 1, false
	}
	if h.removed[pointer.Epoch] {
		h.fail("epoch %d was removed and is live", pointer.Epoch)
	}
	s := h.database.settings(pointer.Epoch)
	if s == nil {
		h.fail("epoch %d is live and has no settings", pointer.Epoch)
		return pointer.Epoch, false
	}
	return pointer.Epoch, s.Filling
}

// settings reads those of an epoch; nil where it has none.
func (d *database) settings(epoch int64) *projection.Settings {
	doc := d.in(projection.SettingsCollection.Name, epoch)[projection.SettingsID]
	if doc == nil {
		return nil
	}
	var s projection.Settings
	if err := codec.Decode(doc.body, &s); err != nil {
		d.h.fail("reading the settings of epoch %d: %v", epoch, err)
	}
	return &s
}

// in returns the documents of a collection in an epoch.
func (d *database) in(collection string, epoch int64) map[string]*stored {
	return d.collections[projection.NameIn(collection, epoch)]
}

// epochOf splits the name of a collection.
func epochOf(name string) (collection string, epoch int64) {
	if i := strings.LastIndex(name, "_e"); i >= 0 {
		if n, err := strconv.ParseInt(name[i+2:], 10, 64); err == nil {
			return name[:i], n
		}
	}
	return name, 1
}

// Make is rebuild.Tables's. Collections come with their first document here.
func (r *rebuilder) Make(context.Context, []projection.Collection) error {
	return r.p.call("make collections", nil, func() {})
}

// Drop is rebuild.Tables's.
func (r *rebuilder) Drop(_ context.Context, names []string) (bytes int64, err error) {
	h := r.p.h
	err = r.p.call("drop collections", nil, func() {
		live, _ := h.live()
		for _, name := range names {
			if collection, epoch := epochOf(name); epoch == live || collection == projection.SettingsCollection.Name && epoch == 1 {
				h.fail("%s is removed, and epoch %d is live", name, live)
			}
			if collection, epoch := epochOf(name); collection == projection.Checkpoints.Name {
				h.removed[epoch] = true
			}
			delete(h.database.collections, name)
		}
	})
	return 0, err
}

// Publish is rebuild.Source's: the relay is at work, or is started again.
func (r *rebuilder) Publish(ctx context.Context) error {
	h := r.p.h
	var heads map[string]int64
	for attempt := 1; heads == nil; attempt++ {
		if err := r.p.call("heads", nil, func() {
			if h.ledger != nil {
				heads, _, _ = h.ledger.Heads(context.Background())
			}
		}); err != nil && (ctx.Err() != nil || attempt > 9) {
			return err
		}
	}
	return r.p.call("published", func() bool {
		for stream, n := range heads {
			if h.broker.published[stream] < n {
				return false
			}
		}
		return true
	}, func() {})
}

// Fold is rebuild.Source's.
func (r *rebuilder) Fold(_ context.Context, epoch int64) error {
	h := r.p.h
	ends, kept := map[string]int64{}, map[string]bool{}
	if err := r.p.patiently(func() error {
		return r.p.call("ends", nil, func() {
			for where, log := range h.broker.logs {
				ends[where] = int64(len(log))
			}
			maps.Copy(kept, h.buried)
		})
	}); err != nil {
		return err
	}
	for i := range h.functions() {
		if err := r.fold(i, epoch, ends, kept); err != nil {
			return err
		}
	}
	return nil
}

// patiently tries until it is done, or the process is killed.
func (p *process) patiently(f func() error) error {
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || p.dead.Load() {
			return err
		}
		p.sleep(attempt)
	}
}

// fold reads one function's partitions to their ends, into an epoch.
func (r *rebuilder) fold(index int, epoch int64, ends map[string]int64, kept map[string]bool) error {
	fn := r.p.h.functions()[index]
	reader := r.p.h.newRunner(index)
	reader.p, reader.style = r.p, localRunner
	reader.engine = r.p.h.newEngine(r.p, index, epoch, &keeper{client{r.p.h.broker, r.p}, kept})
	if err := r.p.patiently(func() error { return reader.from(math.MaxInt64) }); err != nil {
		return err
	}
	reader.behind = r.p.rng.IntN(2) == 0
	for attempt := 1; ; attempt++ {
		left := false
		for _, where := range reader.names {
			left = left || reader.next[where] < ends[where]
		}
		switch {
		case r.p.dead.Load():
			return errKilled
		case !left:
			return nil
		case attempt > 2000:
			return fmt.Errorf("simulated: the fold of %s does not get on", fn.Name)
		}
		if refused := (*projection.SettingsError)(nil); !reader.turnGroupless() && errors.As(reader.last, &refused) {
			return reader.last
		}
	}
}

// keeper keeps aside what was not there when the fold began.
type keeper struct {
	client
	kept map[string]bool
}

// Bury is projection.Morgue's.
func (k *keeper) Bury(ctx context.Context, letters []projection.DeadLetter) error {
	var fresh []projection.DeadLetter
	err := k.p.call("recognise", nil, func() {
		for _, l := range letters {
			if !k.kept[l.Function+" "+k.b.h.factOf(l.Message).id] {
				fresh = append(fresh, l)
			}
		}
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	return k.client.Bury(ctx, fresh)
}

// Verify is rebuild.Source's. The checks of the history itself hold what it holds.
func (r *rebuilder) Verify(_ context.Context, epoch int64) error {
	h := r.p.h
	if err := r.p.patiently(func() error {
		return r.p.call("verify", nil, func() { h.checkWhole(epoch) })
	}); err != nil {
		return err
	}
	if r.doubtful {
		return rebuild.ErrDiffers
	}
	return nil
}

// checkWhole holds that an epoch holds what its checkpoints claim.
func (h *history) checkWhole(epoch int64) {
	for i := range h.functions() {
		fn := &h.functions()[i]
		for _, topic := range fn.Topics {
			for _, where := range h.broker.partitionsOf(topic) {
				var c projection.Checkpoint
				if doc := h.database.in(projection.Checkpoints.Name, epoch)[projection.CheckpointID(fn.Name, where)]; doc != nil {
					if err := codec.Decode(doc.body, &c); err != nil {
						h.fail("reading a checkpoint: %v", err)
					}
				}
				h.checkClaim(fn, where, c.Offset, fmt.Sprintf("epoch %d", epoch), inOnly(epoch))
			}
		}
	}
}

// checkFilled holds that an epoch that calls itself whole has all that was ever
// acknowledged.
func (h *history) checkFilled(epoch int64) {
	for i := range h.functions() {
		fn := &h.functions()[i]
		for where, offset := range h.broker.committed[fn.Name] {
			h.checkClaim(fn, where, offset, fmt.Sprintf("the group, of epoch %d", epoch), inOnly(epoch))
		}
	}
}

// checkSettings looks at what is written of an epoch's settings.
func (h *history) checkSettings(epoch int64, old *stored, body []byte) {
	var was, now projection.Settings
	err := codec.Decode(body, &now)
	if old != nil && err == nil {
		err = codec.Decode(old.body, &was)
	}
	switch {
	case err != nil:
		h.fail("reading the settings: %v", err)
	case epoch == 1 && old != nil && now.Epoch < was.Epoch:
		h.fail("the live epoch goes back from %d to %d", was.Epoch, now.Epoch)
	case epoch == 1 && old != nil && now.Epoch != was.Epoch:
		h.count("swap")
	case was.Filling && !now.Filling:
		h.checkFilled(epoch)
	}
}

// places are the epochs in which a record counts as done: in one, or in the other.
type places [2]int64

func inOnly(epoch int64) places { return places{epoch, epoch} }

// acknowledged is where a record is that was acknowledged: in the live epoch, or,
// while that is being filled, in the one before it.
func (h *history) acknowledged() places {
	live, filling := h.live()
	if !filling {
		return inOnly(live)
	}
	return places{live, h.database.settings(1).Before}
}
