package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A backup that is made while others record is whole: it is the ledger as it was
// at one moment, and records on.
func TestBackupWhileRecording(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	stop, recorded := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				recorded <- nil
				return
			default:
			}
			if err := l.Record(context.Background(), who, func(tx *Tx) error {
				_, err := tx.Invoice(Invoice{Client: "c1", Date: day("2026-03-10"), Lines: []Line{{Product: "tea", Quantity: 1000, UnitPrice: 1}}})
				return err
			}); err != nil {
				recorded <- err
				return
			}
		}
	}()
	var had [][]Logged
	for n := range 5 {
		path := filepath.Join(t.TempDir(), fmt.Sprint("backup-", n, ".db"))
		if err := l.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if err := l.Backup(t.Context(), path); err == nil || !strings.Contains(err.Error(), "a file of that name already") {
			t.Errorf("over an existing file: %v", err)
		}
		b, err := Open(t.Context(), path, Options{BusinessDate: day("2026-03-10")})
		if err != nil {
			t.Fatal(err)
		}
		if had = append(had, all(t, b)); b.ID() != l.ID() {
			t.Errorf("the backup is of %s", b.ID())
		}
		record(t, b, func(tx *Tx) error {
			_, err := tx.Invoice(Invoice{Date: day("2026-03-10"), Lines: []Line{{Product: "tea", Quantity: 1000, UnitPrice: 1}}})
			return err
		})
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
			t.Errorf("beside the backup there is more: %v, %v", left, err)
		}
	}
	close(stop)
	if err := <-recorded; err != nil {
		t.Fatal(err)
	}
	now := map[string]bool{}
	for _, e := range all(t, l) {
		now[e.ID] = true
	}
	for i, events := range had {
		if len(events) == 0 || i > 0 && len(events) < len(had[i-1]) {
			t.Errorf("backup %d has %d events", i, len(events))
		}
		for _, e := range events {
			if !now[e.ID] {
				t.Fatalf("backup %d has an event that the ledger has not: %+v", i, e.Attributes)
			}
		}
	}
}

// What is damaged is not restored.
func TestCheckFindsDamage(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	if err := l.Backup(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(statement string) func(string) {
		return func(path string) {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			b, err := Open(t.Context(), path, Options{BusinessDate: day("2026-03-10")})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.conn.ExecContext(t.Context(), "PRAGMA foreign_keys = 0"); err != nil {
				t.Fatal(err)
			}
			if _, err := b.conn.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		make func(path string)
		says string
	}{
		"undamaged":             {func(path string) { _ = os.WriteFile(path, content, 0o600) }, ""},
		"cut off":               {func(path string) { _ = os.WriteFile(path, content[:len(content)/2], 0o600) }, "take an older backup"},
		"another file":          {func(path string) { _ = os.WriteFile(path, []byte("hello"), 0o600) }, "not a ledger"},
		"an event taken out":    {changed("DROP TRIGGER IF EXISTS event_log_kept; DELETE FROM event_log WHERE id = (SELECT min(id) FROM event_log)"), "lacks events"},
		"a reference to nobody": {changed("UPDATE product_state SET product = 'nobody' WHERE number = 1"), "names another that is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			c.make(path)
			err := Check(t.Context(), path)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
