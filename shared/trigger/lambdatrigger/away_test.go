package lambdatrigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/trigger/lambdatrigger"
	"comptoir/shared/trigger/lambdatrigger/lambdatest"
)

// away is a state whose server does not answer until a time: each batch waits for
// it as long as it may.
type away struct {
	until   time.Time
	applied map[int64]int
	tries   int
}

func (a *away) Handle(ctx context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report) {
	a.tries++
	if wait := time.Until(a.until); wait > 0 {
		select {
		case <-time.After(min(wait, 40*time.Second)): // the engine's own attempts
		case <-ctx.Done():
		}
		return projection.Outcome{Retry: []projection.Position{projection.Position(batch[0].Origin)}, Err: errors.New("the state is away")}, projection.Report{}
	}
	for _, d := range batch {
		a.applied[d.Origin.Offset]++
	}
	return projection.Outcome{}, projection.Report{Records: len(batch)}
}

// The state is away for ten minutes: every invocation says in time that nothing was
// done, and the records are brought until they are.
func TestTenMinutesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &away{until: time.Now().Add(10 * time.Minute), applied: map[int64]int{}}
		f := lambdatrigger.New(lambdatrigger.Config{Handler: a})
		var log []records.Record
		for o := range int64(50) {
			log = append(log, records.Record{Offset: o, Message: event.Message{Value: []byte("x")}})
		}
		began, next := time.Now(), int64(0)
		for invocations := 0; next < int64(len(log)); invocations++ {
			if invocations > 100 {
				t.Fatalf("after %d invocations %d records are done", invocations, next)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			raw, err := f.Invoke(ctx, lambdatest.Payload(map[string][]records.Record{"sales-0": log[next:]}))
			if err != nil || ctx.Err() != nil {
				t.Fatalf("the answer came too late, or is %v", err)
			}
			cancel()
			var answer lambdatrigger.Answer
			if err := json.Unmarshal(raw, &answer); err != nil {
				t.Fatal(err)
			}
			next = int64(len(log))
			for _, again := range answer.BatchItemFailures {
				next = again.ItemIdentifier.Offset
			}
		}
		if len(a.applied) != len(log) || time.Since(began) < 10*time.Minute {
			t.Errorf("%d of %d records were applied within %s", len(a.applied), len(log), time.Since(began))
		}
		for o, n := range a.applied {
			if n != 1 {
				t.Errorf("the record %d was applied %d times", o, n)
			}
		}
		t.Logf("%d batches in %s", a.tries, time.Since(began))
	})
}
