package statetest

import (
	"context"
	"fmt"
	"testing"

	"comptoir/shared/projection"
)

// benchDocs is the number of documents of about 5 kB in each benchmark.
const benchDocs = 1000

// Bench is a store that holds documents at version 1, to be measured.
type Bench struct {
	Database
	// Writes holds the documents as they were written last, IDs their ids.
	Writes []projection.Write
	IDs    []string
}

// NewBench opens one and fills it. open is as Harness.Open.
func NewBench(b *testing.B, open func(context.Context, []projection.Collection) (Database, error)) *Bench {
	b.Helper()
	db, err := open(b.Context(), []projection.Collection{SampleCollection()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	s := &Bench{Database: db, Writes: make([]projection.Write, benchDocs), IDs: make([]string, benchDocs)}
	for n := range s.Writes {
		s.IDs[n] = fmt.Sprintf("%05d", n*7919%100000)
		s.Writes[n] = projection.Write{Doc: Sample(s.IDs[n], 1)}
	}
	s.commit(b, s.Writes)
	return s
}

func (s *Bench) commit(b *testing.B, writes []projection.Write) {
	b.Helper()
	c := SampleCollection()
	results, err := s.Store.Commit(b.Context(), &c, writes)
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range results {
		if r != projection.Written {
			b.Fatalf("result %d", r)
		}
	}
}

// Replace writes the first n documents again.
func (s *Bench) Replace(b *testing.B, n int) {
	b.Helper()
	for i := range s.Writes[:n] {
		head := s.Writes[i].Doc.Head()
		s.Writes[i].Read = head.Version
		head.Version++
	}
	s.commit(b, s.Writes[:n])
}

// Load reads the first n documents.
func (s *Bench) Load(b *testing.B, n int) {
	b.Helper()
	c := SampleCollection()
	if docs, err := s.Store.Load(b.Context(), &c, s.IDs[:n]); err != nil || len(docs) != n {
		b.Fatal(len(docs), err)
	}
}

// Benchmark measures what every store is asked for most: one document or a
// thousand, written and read.
func Benchmark(b *testing.B, open func(context.Context, []projection.Collection) (Database, error)) {
	for _, n := range []int{1, benchDocs} {
		b.Run(fmt.Sprintf("commit-%d", n), func(b *testing.B) {
			s := NewBench(b, open)
			for b.Loop() {
				s.Replace(b, n)
			}
		})
		b.Run(fmt.Sprintf("load-%d", n), func(b *testing.B) {
			s := NewBench(b, open)
			for b.Loop() {
				s.Load(b, n)
			}
		})
	}
}
