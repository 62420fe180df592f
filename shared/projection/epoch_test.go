package projection_test

import (
	"strings"
	"testing"

	"comptoir/shared/projection"
)

// rebuilt makes the second epoch of a state the live one, with nothing in it.
func rebuilt(t *testing.T, m *memory, seed projection.Settings) {
	t.Helper()
	s := projection.Epochs{Store: m}
	seed.Currency = "GBP"
	epoch, err := s.Begin(ctx)
	if err == nil {
		err = s.Seed(ctx, epoch, seed)
	}
	if err == nil {
		err = s.Swap(ctx, 1, epoch, start)
	}
	if err == nil {
		err = s.Close(ctx, 1)
	}
	if err != nil || epoch != 2 {
		t.Fatal(epoch, err)
	}
}

// A bulk that has begun in an epoch claims nothing of what it was brought after that
// was closed.
func TestABulkAsksWhenAllOfItWasReceived(t *testing.T) {
	m := newMemory()
	e := engine(t, m, &morgue{})
	b := e.Bulk()
	if err := b.Add(ctx, []projection.Delivery{sold("A", 1, 0, 5)}); err != nil {
		t.Fatal(err)
	}
	rebuilt(t, m, projection.Settings{Ledger: "/ledgers/a"})
	if err := b.Add(ctx, []projection.Delivery{sold("A", 2, 1, 7)}); err != nil {
		t.Logf("the second part: %v", err)
	}
	if outcome, _ := b.Commit(ctx); outcome.Done() || outcome.Retry[0].Offset != 0 {
		t.Errorf("the bulk says %+v", outcome)
	}
	// One by one they wait until the epoch is whole, or their reader has begun in it.
	batch := []projection.Delivery{sold("A", 1, 0, 5), sold("A", 2, 1, 7)}
	outcome, _ := e.Handle(ctx, batch)
	if outcome.Done() || !outcome.Rewind || !strings.Contains(outcome.Err.Error(), "comptoir rebuild") {
		t.Errorf("before that: %+v", outcome)
	}
	if offset, ok, err := e.Offset(ctx, "sales", 0); ok || err != nil {
		t.Errorf("it begins at %d, %v, %v", offset, ok, err)
	}
	if outcome, report := e.Handle(ctx, batch); !outcome.Done() || report.Applied != 2 {
		t.Errorf("after that: %+v %+v", outcome, report)
	}
}

// Who has no places to begin at waits for the epoch to be whole, and events without a
// place for nothing.
func TestAnEpochThatIsBeingFilled(t *testing.T) {
	m := newMemory()
	e := engine(t, m, &morgue{})
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	rebuilt(t, m, projection.Settings{Ledger: "/ledgers/a"})
	late := sold("A", 3, 2, 7)
	if outcome, _ := e.Handle(ctx, []projection.Delivery{late}); outcome.Done() {
		t.Error("a batch is done before those in front of it")
	}
	unplaced := sold("A", 2, 1, 5)
	unplaced.Origin = projection.Unplaced
	if outcome, report := e.Handle(ctx, []projection.Delivery{unplaced}); !outcome.Done() || report.Applied != 1 {
		t.Errorf("%+v %+v", outcome, report)
	}
	s := projection.Epochs{Store: m}
	if err := s.Filled(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if outcome, report := e.Handle(ctx, []projection.Delivery{late}); !outcome.Done() || report.Applied != 1 {
		t.Errorf("%+v %+v", outcome, report)
	}
}

func TestARetiredSourceIsPassedOver(t *testing.T) {
	m, kept := newMemory(), &morgue{}
	s := projection.Epochs{Store: m}
	if err := s.Found(ctx, projection.Settings{Currency: "GBP", Ledger: "/ledgers/b", Retired: []string{"/ledgers/a"}}); err != nil {
		t.Fatal(err)
	}
	now := sold("A", 1, 1, 7)
	now.Event.Source = "/ledgers/b"
	outcome, report := engine(t, m, kept).Handle(ctx, []projection.Delivery{sold("A", 1, 0, 5), now})
	if !outcome.Done() || report.Skipped != 1 || report.Applied != 1 || len(kept.letters) != 0 {
		t.Errorf("%+v %+v, %d letters", outcome, report, len(kept.letters))
	}
	b := engine(t, m, kept).Bulk()
	if err := b.Add(ctx, []projection.Delivery{sold("B", 1, 2, 5)}); err != nil {
		t.Error(err)
	}
	if outcome, report := b.Commit(ctx); !outcome.Done() || report.Skipped != 1 {
		t.Errorf("in bulk: %+v %+v", outcome, report)
	}
	if doc := m.tally(t, "A"); doc.Total != 7 {
		t.Errorf("it counts %d", doc.Total)
	}
}

// The events of a ledger's new source wait for the rebuild; they are not kept aside,
// not even by an engine that has not heard of it yet.
func TestASuccessorsEventsWait(t *testing.T) {
	m, kept := newMemory(), &morgue{}
	e := engine(t, m, kept)
	if outcome, _ := e.Handle(ctx, []projection.Delivery{sold("A", 1, 0, 5)}); !outcome.Done() {
		t.Fatal(outcome)
	}
	s := projection.Epochs{Store: m}
	if err := s.Await(ctx, 1, "/ledgers/b"); err != nil {
		t.Fatal(err)
	}
	next := sold("A", 1, 1, 7)
	next.Event.Source = "/ledgers/b"
	outcome, _ := e.Handle(ctx, []projection.Delivery{next})
	if outcome.Done() || len(kept.letters) != 0 || outcome.Retry[0].Offset != 1 || !strings.Contains(outcome.Err.Error(), "comptoir rebuild") {
		t.Errorf("%+v, %d letters", outcome, len(kept.letters))
	}
	rebuilt(t, m, projection.Settings{Ledger: "/ledgers/b", Retired: []string{"/ledgers/a"}})
	if err := s.Filled(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if outcome, report := e.Handle(ctx, []projection.Delivery{next}); !outcome.Done() || report.Applied != 1 || len(kept.letters) != 0 {
		t.Errorf("%+v %+v, %d letters", outcome, report, len(kept.letters))
	}
}
