package sqlitestate

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/codec"
	"comptoir/shared/state/statetest"
)

// benchDocs is the number of documents of about 5 kB in each benchmark.
const benchDocs = 1000

// benchStore opens a store that holds benchDocs documents at version 1.
func benchStore(b *testing.B) (statetest.Database, []projection.Write, []string) {
	b.Helper()
	db, err := open(b.Context(), filepath.Join(b.TempDir(), "state.db"), []projection.Collection{statetest.SampleCollection()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	writes, ids := make([]projection.Write, benchDocs), make([]string, benchDocs)
	for n := range writes {
		ids[n] = fmt.Sprintf("%05d", n*7919%100000)
		writes[n] = projection.Write{Doc: statetest.Sample(ids[n], 1)}
	}
	benchCommit(b, db, writes)
	return db, writes, ids
}

func benchCommit(b *testing.B, db statetest.Database, writes []projection.Write) {
	b.Helper()
	c := statetest.SampleCollection()
	results, err := db.Store.Commit(b.Context(), &c, writes)
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range results {
		if r != projection.Written {
			b.Fatalf("result %d", r)
		}
	}
}

func BenchmarkCommit1000(b *testing.B) {
	db, writes, _ := benchStore(b)
	for b.Loop() {
		for n := range writes {
			head := writes[n].Doc.Head()
			writes[n].Read = head.Version
			head.Version++
		}
		benchCommit(b, db, writes)
	}
}

func BenchmarkCommitOne(b *testing.B) {
	db, writes, _ := benchStore(b)
	for b.Loop() {
		head := writes[0].Doc.Head()
		writes[0].Read = head.Version
		head.Version++
		benchCommit(b, db, writes[:1])
	}
}

func BenchmarkLoad1000(b *testing.B) {
	db, _, ids := benchStore(b)
	c := statetest.SampleCollection()
	for b.Loop() {
		if docs, err := db.Store.Load(b.Context(), &c, ids); err != nil || len(docs) != len(ids) {
			b.Fatal(len(docs), err)
		}
	}
}

func BenchmarkLoadOne(b *testing.B) {
	db, _, ids := benchStore(b)
	c := statetest.SampleCollection()
	for b.Loop() {
		if _, err := db.Store.Load(b.Context(), &c, ids[:1]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindPage100(b *testing.B) {
	for name, fields := range map[string][]string{"all": nil, "fields": {"name", "windows"}} {
		b.Run(name, func(b *testing.B) {
			db, _, _ := benchStore(b)
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
	db, _, _ := benchStore(b)
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
