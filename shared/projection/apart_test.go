package projection_test

import (
	"fmt"
	"testing"

	"comptoir/shared/projection"
)

func apart(c *projection.Config) { c.CheckpointsApart = true }

func unplaced(ds ...projection.Delivery) []projection.Delivery {
	for i := range ds {
		ds[i].Origin = projection.Unplaced
	}
	return ds
}

// Checkpoints that are written apart say in the end what those say that are
// written with each batch.
func TestCheckpointsApart(t *testing.T) {
	m, dead := newMemory(), &morgue{}
	e := engine(t, m, dead, apart)
	for i, d := range unplaced(sold("p", 1, 0, 10), sold("q", 1, 1, 10), sold("p", 2, 2, poisonNet), sold("p", 3, 3, 30), sold("p", 1, 0, 10)) {
		if out, _ := e.Handle(ctx, []projection.Delivery{d}); !out.Done() {
			t.Fatalf("%d: %+v", i, out)
		}
	}
	if got := m.checkpoint(t, "sales/0"); got.Version != 0 {
		t.Fatalf("a checkpoint was written with a batch: %+v", got)
	}
	writes := m.writes
	if err := e.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	got := m.checkpoint(t, "sales/0")
	if got.Version != 1 || got.Offset != -1 || got.Records != 5 || got.DeadLetters != 1 || got.Sources[0].Applied != 4 || len(got.Sources[0].Missing) != 0 || m.writes != writes+1 {
		t.Errorf("the checkpoint is %+v after %d writes", got, m.writes-writes)
	}
	if err := e.Flush(ctx); err != nil || m.writes != writes+1 {
		t.Errorf("a flush with nothing new wrote (%v)", err)
	}
}

// What fails is not noted, and does not keep what was handled beside it from it.
func TestCheckpointsApartClaimWhatWasDone(t *testing.T) {
	m := newMemory()
	away := true
	e := engine(t, m, &morgue{fault: func() bool { return away }}, apart)
	batch := unplaced(sold("p", 1, 0, 10), sold("q", 1, 1, poisonNet), sold("r", 1, 2, 30))
	out, _ := e.Handle(ctx, batch)
	if fmt.Sprint(out.Unplaced) != "[1]" || out.Done() || out.Took(1, projection.Unplaced) || !out.Took(2, projection.Unplaced) {
		t.Fatalf("outcome %+v", out)
	}
	m.fault = func(string) fault { return before }
	if err := e.Flush(ctx); err == nil {
		t.Fatal("a flush into a state that is away says that it is done")
	}
	m.fault = func(string) fault { return fine }
	if err := e.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if s := m.checkpoint(t, "sales/0").Sources[0]; s.Applied != 3 || fmt.Sprint(s.Missing) != "[{2 2}]" {
		t.Fatalf("the checkpoint says %+v", s)
	}
	away = false
	if out, _ = e.Handle(ctx, batch[1:2]); !out.Done() {
		t.Fatal(out.Err)
	}
	if err := e.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if s := m.checkpoint(t, "sales/0").Sources[0]; len(s.Missing) != 0 {
		t.Fatalf("the checkpoint says %+v", s)
	}
}

// What was done in an older epoch is not claimed in the one that is live now, which
// may not hold it yet.
func TestCheckpointsApartAreOfTheirEpoch(t *testing.T) {
	m := newMemory()
	e := engine(t, m, &morgue{}, apart)
	handle := func(d projection.Delivery) {
		t.Helper()
		if out, _ := e.Handle(ctx, unplaced(d)); !out.Done() {
			t.Fatalf("outcome %+v", out)
		}
	}
	handle(sold("p", 1, 0, 10))
	rebuilt(t, m, projection.Settings{Ledger: "/ledgers/a"})
	handle(sold("q", 1, 1, 10)) // sees that there is another epoch
	if err := e.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	docs, err := projection.At(m, 2).Load(ctx, &projection.Checkpoints, []string{projection.CheckpointID(e.Function().Name, "sales/0")})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		if c, ok := d.(*projection.Checkpoint); !ok || c.Records != 1 || c.Sources[0].Applied != 2 || len(c.Sources[0].Missing) != 1 {
			t.Errorf("the new epoch's checkpoint claims %+v", c)
		}
	}
	if len(docs) != 1 {
		t.Errorf("%d checkpoints in the new epoch", len(docs))
	}
}
