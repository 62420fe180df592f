package main

import (
	"path/filepath"
	"strconv"
	"testing"
)

// TestMutantsApply: one whose text is gone proves nothing any more. Whether each is
// caught takes minutes: go run ./test/mutants.
func TestMutantsApply(t *testing.T) {
	all, names := mutants(), map[string]bool{}
	if len(all) < 20 {
		t.Errorf("only %d mutants", len(all))
	}
	dir := t.TempDir()
	for i, m := range all {
		if names[m.Name] {
			t.Errorf("two mutants are called %q", m.Name)
		}
		names[m.Name] = true
		if _, err := m.apply(filepath.Join("..", ".."), filepath.Join(dir, strconv.Itoa(i))); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
	gone := mutant{Name: "gone", Edits: []edit{{"README.md", "a text that is not there", ""}}}
	if _, err := gone.apply(filepath.Join("..", ".."), filepath.Join(dir, "gone")); err == nil {
		t.Error("a mutant whose text is gone was applied")
	}
}
