package mongostate

import (
	"context"
	"testing"

	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
	"comptoir/shared/state/statetest"
)

func BenchmarkStore(b *testing.B) {
	statetest.Benchmark(b, func(ctx context.Context, collections []projection.Collection) (statetest.Database, error) {
		return open(ctx, fresh(b), collections)
	})
}

// BenchmarkEncode and BenchmarkDecode are this program's part of it, a document each.
func BenchmarkEncode(b *testing.B) {
	doc := statetest.Sample("a", 1)
	for b.Loop() {
		if _, ok := encode(doc); !ok {
			b.Fatal("no BSON")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	raw, _ := encode(statetest.Sample("a", 1))
	var buffer []byte
	for b.Loop() {
		var err error
		if buffer, err = appendJSON(buffer[:0], raw); err != nil {
			b.Fatal(err)
		}
		if err := codec.Decode(buffer, new(statetest.Item)); err != nil {
			b.Fatal(err)
		}
	}
}
