package projection_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// Records that are of no use leave the same checkpoint and the same report,
// whether they are brought one by one or as runs, again and from anywhere.
func TestRunsCountAsTheirRecords(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		single, runs := newMemory(), newMemory()
		one, many := engine(t, single, &morgue{}), engine(t, runs, &morgue{})
		var log []projection.Delivery
		sequence, revision := int64(0), int64(0)
		for offset := range int64(rapid.IntRange(1, 60).Draw(rt, "records")) {
			sequence += int64(rapid.SampledFrom([]int{0, 1, 1, 1, 1, 1, 1, 2}).Draw(rt, "step"))
			var d projection.Delivery
			if rapid.IntRange(0, 4).Draw(rt, "used") == 0 {
				revision++
				d = sold("p", revision, offset, 1)
			} else {
				d = sold("c", 1, offset, 0)
				d.Event.Type, d.Event.Data = event.ClientInvoiced, nil
			}
			d.Event.Sequence = max(1, sequence)
			d.Event.Time = start.Add(time.Duration(rapid.IntRange(0, 100).Draw(rt, "time")) * time.Second)
			if rapid.IntRange(0, 9).Draw(rt, "foreign") == 0 {
				d.Event.Stream, d.Event.Sequence = "", 0
			}
			log = append(log, d)
		}
		for range rapid.IntRange(1, 4).Draw(rt, "batches") {
			from := rapid.IntRange(0, len(log)-1).Draw(rt, "from")
			batch := log[from:rapid.IntRange(from+1, len(log)).Draw(rt, "to")]
			var absorbed []projection.Delivery
			for _, d := range batch {
				if n := len(absorbed); n == 0 || !absorbed[n-1].Absorb(&d) {
					absorbed = append(absorbed, d)
				}
			}
			_, want := one.Handle(ctx, batch)
			_, got := many.Handle(ctx, absorbed)
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("the report is %+v, want %+v", got, want)
			}
			if a, b := single.checkpoint(t, "sales/0"), runs.checkpoint(t, "sales/0"); !reflect.DeepEqual(a, b) {
				rt.Fatalf("the checkpoints are\n%+v\nwant\n%+v", b, a)
			}
		}
	})
}
