package rebuild_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/local/rebuild"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/state/sqlitestate"
)

// total is the test's document.
type total struct {
	projection.Header
	Net int64 `json:"net"`
}

const (
	ledger = "/ledgers/one"
	stream = "sales/0"
)

// totals adds amounts up; factor is what another release makes of them.
func totals(factor int64) projection.Function {
	return projection.Function{
		Name: "totals", Topics: []event.Topic{event.Sales}, Types: []event.Type{event.ProductSold}, RulesHash: "h",
		Collection: projection.Collection{Name: "totals", New: func() projection.Document { return &total{} }},
		Apply: func(doc projection.Document, ev *event.Event, _ event.Date) (bool, error) {
			doc.(*total).Net += factor * int64(ev.Data.(*event.ProductSale).Net)
			return true, nil
		},
		Review: func(projection.Document, event.Date) (event.Date, error) { return event.NoDate, nil },
	}
}

// shop is a state in a file and a log of one partition, with the parts of a rebuild.
type shop struct {
	t      *testing.T
	store  *sqlitestate.Store
	factor int64
	log    []projection.Delivery
	now    time.Time
	// at is called at each step by its name; its error is the step's.
	at func(step string) error
}

var errKilled = errors.New("killed")

func newShop(t *testing.T) *shop {
	t.Helper()
	collections := []projection.Collection{projection.Checkpoints, projection.SettingsCollection, totals(1).Collection}
	store, err := sqlitestate.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), collections, sqlitestate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, store: store, factor: 1, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), at: func(string) error { return nil }}
	s.sell(10)
	s.apply(s.engine(0))
	return s
}

// sell puts an event of an amount into the log.
func (s *shop) sell(net int64) {
	n := int64(len(s.log) + 1)
	s.log = append(s.log, projection.Delivery{
		Event: event.Event{
			Attributes: event.Attributes{ID: fmt.Sprint(n), Source: ledger, Type: event.ProductSold, Key: "P", Revision: n, Stream: stream, Sequence: n, Time: s.now},
			Data:       &event.ProductSale{DocumentID: "D", Net: money.Amount(net), Currency: "GBP"},
		},
		Origin: projection.Origin{Topic: "sales", Offset: n - 1}, Message: &event.Message{},
	})
}

func (s *shop) engine(epoch int64) *projection.Engine {
	e, err := projection.New(projection.Config{
		Function: totals(s.factor), Store: s.store, Morgue: nobody{}, Today: func() event.Date { return event.DateOf(s.now) }, Currency: "GBP", Epoch: epoch,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

type nobody struct{}

func (nobody) Bury(context.Context, []projection.DeadLetter) error {
	return errors.New("no letter is due here")
}

// apply brings the whole log to an engine that has asked where to begin.
func (s *shop) apply(e *projection.Engine) {
	s.t.Helper()
	if err := s.bring(e); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) bring(e *projection.Engine) error {
	if _, _, err := e.Offset(context.Background(), "sales", 0); err != nil {
		return err
	}
	outcome, _ := e.Handle(context.Background(), s.log)
	return outcome.Err
}

func (s *shop) Publish(context.Context) error { return s.at("publish") }

func (s *shop) Fold(_ context.Context, epoch int64) error {
	if err := s.at("fold"); err != nil {
		return err
	}
	return errors.Join(s.bring(s.engine(epoch)), s.at("folded"))
}

func (s *shop) Verify(context.Context, int64) error { return s.at("verify") }

// Load, Commit and Due make the shop a store whose writes of settings and marks are steps.
func (s *shop) Load(ctx context.Context, c *projection.Collection, ids []string) (map[string]projection.Document, error) {
	return s.store.Load(ctx, c, ids)
}

func (s *shop) Due(ctx context.Context, c *projection.Collection, day event.Date, rules int64, after string, limit int) ([]string, error) {
	return s.store.Due(ctx, c, day, rules, after, limit)
}

func (s *shop) Commit(ctx context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	if err := s.at("write " + c.Name); err != nil {
		return nil, err
	}
	results, err := s.store.Commit(ctx, c, writes)
	return results, errors.Join(err, s.at("wrote "+c.Name))
}

func (s *shop) config() rebuild.Config {
	return rebuild.Config{
		Store: s, Tables: s.store, Source: s, Functions: []projection.Function{totals(1)}, Currency: "GBP", Ledger: ledger,
		Now: func() time.Time { return s.now }, Backoff: func(int) time.Duration { return time.Microsecond },
	}
}

func (s *shop) rebuild() (rebuild.Result, error) { return rebuild.Run(s.t.Context(), s.config()) }

// live returns the number of the live epoch, and the total in it.
func (s *shop) live() (epoch, net int64) {
	s.t.Helper()
	epochs := projection.Epochs{Store: s.store}
	live, _, err := epochs.Live(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return live.Epoch, s.net(live.Epoch)
}

func (s *shop) net(epoch int64) int64 {
	s.t.Helper()
	c := totals(1).Collection
	docs, err := projection.At(s.store, epoch).Load(s.t.Context(), &c, []string{"P"})
	if err != nil {
		s.t.Fatal(err)
	}
	if docs["P"] == nil {
		return 0
	}
	return docs["P"].(*total).Net
}

func (s *shop) wants(epoch, net int64) {
	s.t.Helper()
	if e, n := s.live(); e != epoch || n != net {
		s.t.Errorf("epoch %d is live with %d, want %d with %d", e, n, epoch, net)
	}
}

// A rebuild makes another epoch live, by the rules of its own release; functions
// that were at work before it go over to that, and the old one is kept.
func TestRebuild(t *testing.T) {
	s := newShop(t)
	old := s.engine(0)
	s.apply(old)
	s.factor = 3
	res, err := s.rebuild()
	if err != nil || res != (rebuild.Result{Before: 1, Epoch: 2}) {
		t.Fatal(res, err)
	}
	s.wants(2, 30)
	if s.net(1) != 10 {
		t.Errorf("the old epoch has %d", s.net(1))
	}
	s.factor = 1
	s.sell(5)
	s.apply(old)
	s.wants(2, 35)
	if s.net(1) != 10 {
		t.Errorf("an engine went on in the old epoch, which has %d", s.net(1))
	}
}

func TestWhatDiffersIsNotMadeLive(t *testing.T) {
	s := newShop(t)
	s.at = func(step string) error {
		if step == "verify" {
			return rebuild.ErrDiffers
		}
		return nil
	}
	if _, err := s.rebuild(); !errors.Is(err, rebuild.ErrDiffers) || !strings.Contains(err.Error(), "nothing that is has changed") {
		t.Errorf("got %v", err)
	}
	s.wants(1, 10)
	s.apply(s.engine(0))
}

// It is killed at every step, before and after what the step does; functions work on
// meanwhile. Run again, it comes to its end, and nothing is lost or counted twice.
func TestAKillAtAnyStep(t *testing.T) {
	swapped := 0
	for n := 0; ; n++ {
		s := newShop(t)
		// One that asks where to begin, one that never does, as on Lambda.
		local, placed := s.engine(0), s.engine(0)
		s.apply(local)
		steps, killed := 0, ""
		s.at = func(step string) error {
			if steps++; steps > n {
				if killed == "" {
					killed = step
					s.sell(7) // what is recorded and applied just then
					_ = s.bring(local)
				}
				return errKilled
			}
			return nil
		}
		_, err := s.rebuild()
		s.at = func(string) error { return nil }
		if killed == "" {
			if err != nil || swapped == 0 {
				t.Fatalf("nothing was in its way: %v; of %d kills %d came after the swap", err, n, swapped)
			}
			t.Logf("%d kills, %d of them after the swap", n, swapped)
			return
		}
		before, _ := s.live()
		filling := filling(t, s)
		if err == nil && (before == 1 || filling) {
			t.Fatalf("killed at %s (%d), it says that it is done", killed, n)
		}
		if filling {
			swapped++
		}
		if before == 1 {
			s.apply(local)
			s.wants(1, 17)
		}
		s.sell(1)
		// What this one is brought lies behind what an unfinished epoch lacks.
		if outcome, _ := placed.Handle(t.Context(), s.log[len(s.log)-1:]); outcome.Done() == filling {
			t.Errorf("killed at %s (%d): epoch %d is live, filling: %v, and the last event alone is done: %v", killed, n, before, filling, outcome.Done())
		}
		res, err := s.rebuild()
		if err != nil || res.Resumed != filling || filling && res.Epoch != before {
			t.Fatalf("killed at %s (%d), then: %+v %v", killed, n, res, err)
		}
		s.wants(res.Epoch, 18)
		for _, e := range []*projection.Engine{local, placed} {
			if err := s.bring(e); err != nil {
				t.Errorf("killed at %s (%d): a function cannot go on: %v", killed, n, err)
			}
		}
		s.wants(res.Epoch, 18)
	}
}

func filling(t *testing.T, s *shop) bool {
	t.Helper()
	epochs := projection.Epochs{Store: s.store}
	live, _, err := epochs.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return live.Filling
}

func TestEachAttemptIsAnEpochOfItsOwn(t *testing.T) {
	s := newShop(t)
	for range 3 {
		s.at = func(step string) error {
			if step == "folded" {
				return errKilled
			}
			return nil
		}
		if _, err := s.rebuild(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
	}
	s.at = func(string) error { return nil }
	s.factor = 2 // what another release had made is no part of it
	res, err := s.rebuild()
	if err != nil || res.Epoch != 5 {
		t.Errorf("%+v, %v", res, err)
	}
	s.wants(5, 20)
}

func TestAnOvertakenRebuildChangesNothing(t *testing.T) {
	s := newShop(t)
	first := true
	s.at = func(step string) error {
		if step == "verify" && first {
			first = false
			epochs := projection.Epochs{Store: s.store}
			_, err := epochs.Begin(t.Context())
			return err
		}
		return nil
	}
	if _, err := s.rebuild(); !errors.Is(err, projection.ErrOvertaken) {
		t.Errorf("got %v", err)
	}
	s.wants(1, 10)
}

func TestForget(t *testing.T) {
	s := newShop(t)
	old := s.engine(0)
	s.apply(old)
	if _, err := s.rebuild(); err != nil {
		t.Fatal(err)
	}
	if _, err := rebuild.Forget(t.Context(), s.config()); err == nil || !strings.Contains(err.Error(), "again in 1m0s") {
		t.Errorf("right after the swap: %v", err)
	}
	s.now = s.now.Add(time.Minute)
	gone, err := rebuild.Forget(t.Context(), s.config())
	if err != nil || len(gone) != 1 || gone[0].Epoch != 1 || gone[0].Bytes == 0 {
		t.Errorf("%+v, %v", gone, err)
	}
	// Who slept through all of it wakes up in the epoch that is live.
	s.sell(5)
	s.apply(old)
	s.wants(2, 15)
	if gone, err = rebuild.Forget(t.Context(), s.config()); err != nil || len(gone) != 0 {
		t.Errorf("a second time: %+v, %v", gone, err)
	}
	if res, err := s.rebuild(); err != nil || res.Epoch != 3 {
		t.Errorf("%+v, %v", res, err)
	}
	s.wants(3, 15)
}

// A state that was lost is built from nothing.
func TestFromNothing(t *testing.T) {
	s := newShop(t)
	if _, err := s.store.Drop(t.Context(), []string{"settings", "checkpoints", "totals"}); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if res, err := s.rebuild(); err != nil || res.Epoch != 2 {
		t.Fatal(res, err)
	}
	s.wants(2, 10)
}
