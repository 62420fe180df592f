package accountant

import (
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

// A quotation mark of French is never parted from what it quotes.
func TestFrenchQuotes(t *testing.T) {
	all := map[string]string{}
	for english, french := range frenchWords {
		all[english] = french
	}
	for english, french := range importSays() {
		all[english] = french
	}
	for _, f := range slices.Concat(ledgerForms, importForms, fileForms) {
		all[f.english] = f.french
	}
	good := regexp.MustCompile("^(?:[^«»“”\"]|«\u00a0[^«»]*\u00a0»)*$")
	for english, french := range all {
		if !good.MatchString(french) {
			t.Errorf("%q is quoted otherwise in %q", english, french)
		}
	}
}

// A sentence reads well with any number: what is counted stands before its number, or is
// the same for one and for many.
func TestCountsReadWellWithAnyNumber(t *testing.T) {
	counted := regexp.MustCompile(`%[sd] (?:(?:of|sur) %[sd] )?(\p{L}{3,}s)\b`)
	for english := range said(t) {
		for _, text := range []string{english, frenchWords[english]} {
			if found := counted.FindStringSubmatch(text); found != nil && found[1] != "was" {
				t.Errorf("%q with 1: %s", text, found[1])
			}
		}
	}
}
