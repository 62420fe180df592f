package importer_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"comptoir/local/demo"
	"comptoir/local/importer"
	"comptoir/local/ledger"
)

// TestMain is the import itself where it is started as a child to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("IMPORT_INTO"); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(dir string) error {
	l, err := ledger.Open(context.Background(), filepath.Join(dir, "ledger.db"), ledger.Options{BusinessDate: today()})
	if err != nil {
		return err
	}
	profile, paths := cmp.Or(os.Getenv("IMPORT_PROFILE"), importer.OnlineRetail), somePaths(dir)
	if given := os.Getenv("IMPORT_FILES"); given != "" {
		paths = strings.Split(given, "\n")
	}
	s, err := importer.Import(context.Background(), importer.Options{
		Ledger: l, Who: "test", Profile: profile, Files: importer.Paths(paths...), AllOrNothing: os.Getenv("IMPORT_WHOLE") != "",
		Progress: func(s importer.Step) {
			if s.Total > 0 {
				fmt.Println(s.Stage)
			}
		},
	})
	fmt.Printf("%d rows in %.1f s; most memory: %s\n", s.Rows(), s.Took.Seconds(), peak())
	return err
}

func somePaths(dir string) []string {
	return []string{filepath.Join(dir, "sales.csv"), filepath.Join(dir, "products.csv"), filepath.Join(dir, "stock.csv")}
}

// An import that is killed, at whatever moment, and then run again ends in the
// same ledger as one that was left alone: the same documents under the same
// numbers, the same events in the same order.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	some(t, dir)
	calm := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, calm)
	run(t, l, importer.Options{Files: importer.Paths(somePaths(dir)...)})
	want := dump(t, l)
	all, steps := events(t, l), 0
	for _, k := range []struct {
		stage string
		seen  int // how often its progress was told
		wait  time.Duration
	}{
		{"catalogue", 2, 5 * time.Millisecond},
		{"stock count", 4, 3 * time.Millisecond},
		{"invoices", 4, 0},
		{"invoices", 7, 7 * time.Millisecond},
		{"invoices", 10, 2 * time.Millisecond},
		{"settling stock", 1, 0},
		{"settling stock", 1, 10 * time.Millisecond},
	} {
		path := emptied(t, dir)
		killed := killedAt(t, k.stage, k.seen, k.wait, "IMPORT_INTO="+dir)
		after := open(t, path)
		left := events(t, after)
		s := run(t, after, importer.Options{Files: importer.Paths(somePaths(dir)...)})
		same(t, fmt.Sprintf("killed at %s %d", k.stage, k.seen), dump(t, after), want)
		t.Logf("killed (%t) at %s %d: %d of %d events were there; the second run found %d documents and recorded %d",
			killed, k.stage, k.seen, left, all, s.Already.Documents, s.Sales.Documents+s.Returns.Documents)
		if killed && left < all {
			steps++
		}
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if steps < 4 {
		t.Errorf("only %d of the kills came before the end", steps)
	}
}

// emptied makes a new ledger in a directory, in the place of one that is there.
func emptied(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "ledger.db")
	for _, f := range []string{path, path + "-wal", path + "-shm"} {
		_ = os.Remove(f)
	}
	made, err := ledger.Create(t.Context(), path, ledger.Setup{Currency: "GBP", Partitions: 8}, ledger.Options{BusinessDate: today()})
	if err == nil {
		err = made.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// killedAt runs an import in a process of its own and kills it a while after its
// progress has told a stage so many times; false where it had ended by then.
func killedAt(t *testing.T, stage string, seen int, wait time.Duration, env ...string) bool {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), env...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; n < seen && lines.Scan(); {
		if lines.Text() == stage {
			n++
		}
	}
	time.Sleep(wait)
	_ = c.Process.Kill() // SIGKILL
	_, _ = io.Copy(io.Discard, out)
	return c.Wait() != nil
}

// The same of a workbook; its import is one in the history, however often it was
// killed. An import that is all or nothing leaves nothing.
func TestKilledInAWorkbook(t *testing.T) {
	dir := t.TempDir()
	books := filepath.Join(dir, "books.xlsx")
	const documents = 1_800
	stream(t, books, "Invoice_Details", func(row func(...any)) {
		row("Invoice number", "Product id", "Quantity", "Unit price", "Date")
		for d := range documents {
			for l := range 4 {
				row(fmt.Sprintf("F-%05d", d), fmt.Sprintf("%03d", (d+l)%50), 1+l, 2.5, day(time.Month(1+d%11), 1+d%28))
			}
		}
	}, func(f *excelize.File) {
		_, err := f.NewSheet("Products")
		if err != nil {
			t.Fatal(err)
		}
		_ = f.SetSheetRow("Products", "A1", &[]any{"Product id", "Name"})
		for i := range 50 {
			_ = f.SetSheetRow("Products", fmt.Sprintf("A%d", i+2), &[]any{fmt.Sprintf("%03d", i), "Name"})
		}
	})
	o := importer.Options{Files: importer.Paths(books)}
	env := []string{"IMPORT_INTO=" + dir, "IMPORT_PROFILE=" + importer.Comptoir, "IMPORT_FILES=" + books}
	for _, whole := range []bool{false, true} {
		o.AllOrNothing = whole // one transaction says of each product once what it has
		calm := open(t, filepath.Join(t.TempDir(), "ledger.db"))
		own(t, calm, o)
		want, all := dump(t, calm), events(t, calm)
		path := emptied(t, dir)
		if whole {
			env = append(env, "IMPORT_WHOLE=1")
		}
		killedInside := false
		for seen := 2; seen < 4; seen++ {
			killed := killedAt(t, "invoices", seen, 20*time.Millisecond, env...)
			l := open(t, path)
			left := events(t, l)
			t.Logf("killed (%t) at %d: %d of %d events were there", killed, seen, left, all)
			if whole && killed && left != 0 {
				t.Errorf("all or nothing left %d events", left)
			}
			killedInside = killedInside || killed && left < all && (whole || left > 0)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if !killedInside {
			t.Error("no kill came in the midst of it")
		}
		l := open(t, path)
		s := own(t, l, o)
		check(t, "rejected", s.Rejected, 0)
		same(t, fmt.Sprintf("after kills, whole %t", whole), dump(t, l), want)
		history, err := l.Imports(t.Context(), 10)
		if err != nil || len(history) != 1 {
			t.Fatalf("the history has %+v, %v", history, err)
		}
		check(t, "its invoices", history[0].Entries.Invoices, documents)
		check(t, "ended", history[0].Ended.IsZero(), false)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// some writes the first part of the real year into a directory.
func some(t *testing.T, dir string) {
	t.Helper()
	for i, f := range demo.Files() {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var from io.Reader = in
		if strings.HasSuffix(f.Name, ".gz") {
			if from, err = gzip.NewReader(in); err != nil {
				t.Fatal(err)
			}
		}
		rows := bufio.NewScanner(from)
		out, err := os.Create(filepath.Join(dir, []string{"products.csv", "stock.csv", "sales.csv"}[i]))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < 20_000 && rows.Scan(); n++ {
			if _, err := fmt.Fprintln(out, rows.Text()); err != nil {
				t.Fatal(err)
			}
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// events counts what a ledger has logged.
func events(t *testing.T, l *ledger.Ledger) (n int64) {
	t.Helper()
	heads, _, err := l.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, head := range heads {
		n += head
	}
	return n
}
