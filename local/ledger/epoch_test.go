package ledger_test

import (
	"path/filepath"
	"slices"
	"testing"

	"comptoir/local/ledger"
)

// A new epoch is a new source under which nothing is published yet; everything
// else of the ledger stays, and it is still there when it is opened again.
func TestNewEpoch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Create(t.Context(), path, ledger.Setup{Currency: "GBP", Partitions: 2}, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Record(t.Context(), "test", func(tx *ledger.Tx) error {
		_, err := tx.PutClient(ledger.Client{ID: "C1", Name: "one"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	heads, _, err := l.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.MarkPublished(t.Context(), heads); err != nil {
		t.Fatal(err)
	}
	first := l.Source()
	sources := []string{first}
	for range 2 {
		if err := l.NewEpoch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(sources, l.Source()) || !slices.Equal(l.Retired(), sources) {
			t.Errorf("the source is %s after %v, retired are %v", l.Source(), sources, l.Retired())
		}
		sources = append(sources, l.Source())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = ledger.Open(t.Context(), path, ledger.Options{}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Source() != sources[2] || !slices.Equal(l.Retired(), sources[:2]) || "/ledgers/"+l.ID() != first {
		t.Errorf("opened again it is %s with the source %s, retired are %v", l.ID(), l.Source(), l.Retired())
	}
	published, err := l.Published(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for stream, n := range published {
		if n != 0 {
			t.Errorf("%s counts as published up to %d", stream, n)
		}
	}
	events, err := l.Events(t.Context(), "clients/0", 1, 10)
	if more, err2 := l.Events(t.Context(), "clients/1", 1, 10); err != nil || err2 != nil || len(events)+len(more) != 1 || append(events, more...)[0].Source != sources[2] {
		t.Errorf("the events are %v %v, %v %v", events, more, err, err2)
	}
}
