package sqlitestate

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/statetest"
)

// writerPath makes this test binary a process that writes documents into the
// state there, telling each of them when it is written, until it is killed.
const writerPath = "SQLITESTATE_TEST_WRITER"

func TestWriterProcess(t *testing.T) {
	path := os.Getenv(writerPath)
	if path == "" {
		return // it is the other process of TestKilledWriter
	}
	s := mustOpen(t, path)
	for n := 0; ; n++ {
		mustCommit(t, s, statetest.Sample(fmt.Sprintf("%06d", n), 1))
		fmt.Printf("written %d\n", n)
	}
}

// A reader sees what a writer in another process wrote, while it writes; and
// what was Written when the writer is killed is there afterwards.
func TestKilledWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	r := mustOpenReader(t, path)
	writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriterProcess$")
	writer.Env = append(os.Environ(), writerPath+"="+path)
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	written := -1
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "written %d", &written); err != nil {
			t.Fatalf("the writer says %q", lines.Text())
		}
		if written > 200 || written%10 != 0 {
			continue // what it had said before it was killed
		}
		groups, err := r.Sum(t.Context(), "items", state.Sum{})
		if err != nil {
			t.Fatalf("reading beside the writer: %v", err)
		}
		if groups[0].Count <= int64(written) {
			t.Fatalf("document %d was written, %d are seen", written, groups[0].Count)
		}
		if written == 200 {
			if err := writer.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var killed *exec.ExitError
	if err := writer.Wait(); !errors.As(err, &killed) || written < 200 {
		t.Fatalf("the writer ended by itself after %d: %v", written, err)
	}
	s := mustOpen(t, path)
	var ids []string
	for n := range written + 1 {
		ids = append(ids, fmt.Sprintf("%06d", n))
	}
	var docs map[string]projection.Document
	if docs, err = s.Load(t.Context(), &testCollections[0], ids); err != nil || len(docs) != len(ids) {
		t.Errorf("%d of %d documents are there, error %v", len(docs), len(ids), err)
	}
	var whole string
	if err := s.read.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&whole); err != nil || whole != "ok" {
		t.Errorf("the file is not whole: %s, error %v", whole, err)
	}
}
