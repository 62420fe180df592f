package accountant

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// said finds the sentences that the app says: in its templates and in its code.
func said(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for pattern, called := range map[string]*regexp.Regexp{
		"templates/*.html": regexp.MustCompile(`\bt "((?:[^"\\]|\\.)*)"`),
		"*.go":             regexp.MustCompile(`\bT\("((?:[^"\\]|\\.)*)"`),
	} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no files are like %s: %v", pattern, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range called.FindAllSubmatch(b, -1) {
				all[string(found[1])] = true
			}
		}
	}
	return all
}

func TestFrenchIsComplete(t *testing.T) {
	all := said(t)
	if len(all) < 200 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	values := regexp.MustCompile(`%[sd]`)
	for english := range all {
		french, ok := frenchWords[english]
		if !ok || french == "" {
			t.Errorf("there is no French for %q", english)
		}
		if !slices.Equal(values.FindAllString(english, -1), values.FindAllString(french, -1)) {
			t.Errorf("%q and %q do not take the same values in the same order", english, french)
		}
	}
	for english := range frenchWords {
		if !all[english] {
			t.Errorf("%q has French and is not said", english)
		}
	}
}

// Each code with which the ledger refuses something has its French.
func TestRefusalsAreInFrench(t *testing.T) {
	refusal := regexp.MustCompile(`refuse\("([a-z_]+)"`)
	found := 0
	err := fs.WalkDir(os.DirFS("../ledger"), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		b, err := os.ReadFile("../ledger/" + name)
		if err != nil {
			return err
		}
		for _, code := range refusal.FindAllStringSubmatch(string(b), -1) {
			found++
			if frenchRules[code[1]] == "" {
				t.Errorf("the refusal %s of %s has no French", code[1], name)
			}
		}
		return nil
	})
	if err != nil || found < 40 {
		t.Fatalf("found %d refusals: %v", found, err)
	}
}
