package projection_test

import (
	"fmt"
	"testing"

	"comptoir/shared/projection"
)

// foldSize is how many sales of how many products each of the folds below takes.
const foldSize, foldKeys = 20_000, 500

// nextSales returns the next sales of every product; another call's follow them.
func nextSales(revisions map[string]int64, offset int64) []projection.Delivery {
	batch := make([]projection.Delivery, foldSize)
	for i := range batch {
		key := fmt.Sprintf("%05d", i%foldKeys)
		revisions[key]++
		batch[i] = sold(key, revisions[key], offset+int64(i), 100)
	}
	return batch
}

func benchmarkFold(b *testing.B, fold func(*projection.Engine, []projection.Delivery) bool) {
	m := newMemory()
	e := engine(b, m, &morgue{})
	revisions := map[string]int64{}
	offset := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		batch := nextSales(revisions, offset)
		offset += foldSize
		b.StartTimer()
		if !fold(e, batch) {
			b.Fatal("not done")
		}
	}
	b.ReportMetric(float64(b.N)*foldSize/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkHandle folds a batch, and BenchmarkBulk the same in parts; the store is
// in memory and the rule adds two numbers, so what remains is the engine's own.
func BenchmarkHandle(b *testing.B) {
	benchmarkFold(b, func(e *projection.Engine, batch []projection.Delivery) bool {
		out, _ := e.Handle(ctx, batch)
		return out.Done()
	})
}

func BenchmarkBulk(b *testing.B) {
	benchmarkFold(b, func(e *projection.Engine, batch []projection.Delivery) bool {
		bulk := e.Bulk()
		for from := 0; from < len(batch); from += 2000 {
			if err := bulk.Add(ctx, batch[from:from+2000]); err != nil {
				b.Fatal(err)
			}
		}
		out, _ := bulk.Commit(ctx)
		return out.Done()
	})
}
