package ledger

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestKilled kills a process that records as fast as it can; what it had said
// to be recorded is there, whole.
func TestKilled(t *testing.T) {
	if path := os.Getenv("LEDGER_TO_FILL"); path != "" {
		fillForEver(path)
		return
	}
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	path := l.Path()
	_ = l.Close()
	for range 2 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), "LEDGER_TO_FILL="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		said := ""
		for range 5 {
			if _, err := fmt.Fscanln(out, &said); err != nil {
				t.Fatal(err)
			}
		}
		_ = child.Process.Kill()
		_ = child.Wait() // it was killed
		l, err := Open(context.Background(), path, Options{BusinessDate: day("2026-03-10")})
		if err != nil {
			t.Fatal(err)
		}
		if d, ok, err := l.Document(context.Background(), said); err != nil || !ok || len(d.Lines) != 2 {
			t.Errorf("%s was said to be recorded: %v, %v", said, ok, err)
		}
		var documents, events int64
		ask(t, l, "SELECT count(*) FROM documents", &documents)
		ask(t, l, "SELECT count(*) FROM event_log WHERE document IS NOT NULL", &events)
		if events != 3*documents || int64(len(all(t, l))) < events {
			t.Errorf("%d documents have %d events, want 3 each", documents, events)
		}
		replayed(t, l, "tea")
		_ = l.Close()
	}
}

func fillForEver(path string) {
	l, err := Open(context.Background(), path, Options{BusinessDate: day("2026-03-10")})
	for err == nil {
		id := ""
		err = l.Record(context.Background(), who, func(tx *Tx) error {
			line := Line{Product: "tea", Quantity: 1000, UnitPrice: 1}
			d, err := tx.Invoice(Invoice{Client: "c1", Date: day("2026-03-10"), Lines: []Line{line, {Product: "jam", Quantity: 1, UnitPrice: 1}}})
			id = d.ID
			return err
		})
		fmt.Println(id)
	}
	fmt.Println(err)
}

// A full disk is one sentence, and nothing is lost by it.
func TestFullDisk(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	before := len(all(t, l))
	limit := func(pages string) {
		if err := l.writing(context.Background(), func(w *writer) error { _, _, err := w.row("PRAGMA max_page_count = " + pages); return err }); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // as small as it is now
	fill := func(tx *Tx) error {
		for i := range 2000 {
			if _, err := tx.PutClient(Client{ID: fmt.Sprint("client ", i), Name: strings.Repeat("long ", 100)}); err != nil {
				return err
			}
		}
		return nil
	}
	err := l.Record(context.Background(), who, fill)
	if err == nil || !strings.Contains(err.Error(), "the disk is full; nothing was recorded: free some space") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if after := len(all(t, l)); after != before {
		t.Errorf("%d events were left", after-before)
	}
	limit("1000000")
	record(t, l, fill)
}

// While somebody records, heads are read without waiting, and their time is
// not after what is under way.
func TestHeadsWhileRecording(t *testing.T) {
	ctx := context.Background()
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	other, err := Open(ctx, l.Path(), Options{BusinessDate: l.Today()}) // with the clock of today
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	record(t, l, func(tx *Tx) error {
		_, err := tx.PutClient(Client{ID: "c1", Name: "renamed"})
		for _, reader := range []*Ledger{l, other} {
			heads, at, err := reader.Heads(ctx)
			if err != nil {
				return err
			}
			sum := int64(0)
			for _, n := range heads {
				sum += n
			}
			if sum != 4 || at.After(timeOf(tx.at)) {
				t.Errorf("heads sum up to %d at %s, while an entry of %s is under way", sum, at, timeOf(tx.at))
			}
		}
		return err
	})
}
