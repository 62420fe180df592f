package sqlitestate

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/codec"
	"comptoir/shared/state/statetest"
)

// opener opens a new store each time.
func opener(b *testing.B) func(context.Context, []projection.Collection) (statetest.Database, error) {
	return func(ctx context.Context, collections []projection.Collection) (statetest.Database, error) {
		return open(ctx, filepath.Join(b.TempDir(), "state.db"), collections)
	}
}

func BenchmarkStore(b *testing.B) { statetest.Benchmark(b, opener(b)) }

func BenchmarkFindPage100(b *testing.B) {
	for name, fields := range map[string][]string{"all": nil, "fields": {"name", "windows"}} {
		b.Run(name, func(b *testing.B) {
			db := statetest.NewBench(b, opener(b))
			f := state.Find{Sort: "windows.30d.profit", Descending: true, Limit: 100, Fields: fields}
			for b.Loop() {
				if docs, err := db.Reader.Find(b.Context(), "items", f); err != nil || len(docs) != f.Limit {
					b.Fatal(len(docs), err)
				}
			}
		})
	}
}

func BenchmarkSum1000(b *testing.B) {
	db := statetest.NewBench(b, opener(b))
	for b.Loop() {
		if _, err := db.Reader.Sum(b.Context(), "items", state.Sum{Fields: []string{"windows.30d.profit", "amount"}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	doc := statetest.Sample("22423", 1)
	b.Run("codec", func(b *testing.B) {
		for b.Loop() {
			if _, err := codec.Encode(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			if _, err := json.Marshal(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	raw, err := codec.Encode(statetest.Sample("22423", 1))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("codec", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			if err := codec.Decode(raw, new(statetest.Item)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			if err := json.Unmarshal(raw, new(statetest.Item)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
