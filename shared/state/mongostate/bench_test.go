package mongostate

import (
	"fmt"
	"testing"

	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
	"comptoir/shared/state/statetest"
)

// benchDocs is the number of documents of about 5 kB in each benchmark.
const benchDocs = 1000

// benchStore opens a store that holds benchDocs documents at version 1.
func benchStore(b *testing.B) (statetest.Database, []projection.Write, []string) {
	b.Helper()
	db, err := open(b.Context(), fresh(b), []projection.Collection{statetest.SampleCollection()})
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

func replaceAll(b *testing.B, db statetest.Database, writes []projection.Write) {
	b.Helper()
	for n := range writes {
		head := writes[n].Doc.Head()
		writes[n].Read = head.Version
		head.Version++
	}
	benchCommit(b, db, writes)
}

func BenchmarkCommit1000(b *testing.B) {
	db, writes, _ := benchStore(b)
	for b.Loop() {
		replaceAll(b, db, writes)
	}
}

func BenchmarkCommitOne(b *testing.B) {
	db, writes, _ := benchStore(b)
	for b.Loop() {
		replaceAll(b, db, writes[:1])
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
