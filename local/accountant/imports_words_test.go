package accountant

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// onlyInTheTerminal are texts that the app never shows: of options that it does not
// give, and of what it has already sorted out.
var onlyInTheTerminal = []string{
	"importing: no file is named", "preparing the rejects file", "writing the rejects file", "marking faults in", "the faults could not be marked in a copy", "list the faults with",
	"choosing the profile", "a row was rejected, and all was", "a dry run takes everything back", "is a directory", "it lacks what a copy needs",
	"the file is a workbook of the old format", // told by the importer in its own words
	// The profile of the real year has a command only.
	"is not a header that the profile", "the header is nearly that of the table", "the columns are not separated by commas",
}

// texts are those that a folder's code makes by fmt.Errorf, fmt.Sprintf and errors.New.
func texts(t *testing.T, dir string) (all []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		// The summary and the progress of the command are printed, not shown in the app.
		if strings.HasSuffix(name, "_test.go") || slices.Contains([]string{"summary.go", "progress.go", "template.go", "template_words.go"}, filepath.Base(name)) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name == "String" {
				return false // for the terminal
			}
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			called, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Errorf", "Sprintf", "New"}, called.Sel.Name) {
				return true
			}
			if literal, ok := call.Args[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, text)
			}
			return true
		})
	}
	return all
}

// What the importer and the reader of workbooks say of a file has its French, whatever
// it carries.
func TestWhatIsSaidOfFilesIsInFrench(t *testing.T) {
	all := append(texts(t, "../importer"), texts(t, "../workbook")...)
	if len(all) < 60 {
		t.Fatalf("only %d texts were found", len(all))
	}
	verb := regexp.MustCompile(`%\[?\d*\]?[a-z]`)
	words := regexp.MustCompile(`[a-z]{3,} [a-z]{2,}`)
	french := speakerOf(French)
	for _, form := range all {
		if slices.ContainsFunc(onlyInTheTerminal, func(part string) bool { return strings.Contains(form, part) }) {
			continue
		}
		n := 0
		text := verb.ReplaceAllStringFunc(form, func(string) string { n++; return fmt.Sprint("V", n) })
		if !words.MatchString(text) {
			continue
		}
		said := french.importText(text)
		for _, part := range verb.Split(form, -1) {
			if words.MatchString(part) && strings.Contains(said, part) {
				t.Errorf("%q has no French: %s", form, said)
			}
		}
		if !strings.Contains(said, "V1") && n > 0 {
			t.Errorf("%q loses what it carries: %s", form, said)
		}
	}
	for _, part := range onlyInTheTerminal {
		if !slices.ContainsFunc(all, func(form string) bool { return strings.Contains(form, part) }) {
			t.Errorf("%q is exempted and not said", part)
		}
	}
}

func TestATextOfTheImporterCarriesOthers(t *testing.T) {
	for english, want := range map[string]string{
		"nothing was recorded: reading t.xlsx, sheet Ventes: the column invoice number is missing: add it, or rename the one that holds it":                                     "rien n’a été enregistré : lecture de t.xlsx, feuille Ventes : il manque la colonne invoice number : ajoutez-la, ou renommez celle qui la contient",
		"nothing was recorded: reading 100%s.xlsx: the file is not a workbook in order: xl/workbook.xml breaks off: open it in Excel or LibreOffice and save it again as .xlsx": "rien n’a été enregistré : lecture de 100%s.xlsx : le fichier n’est pas un classeur en bon état : xl/workbook.xml s’interrompt : ouvrez-le dans Excel ou LibreOffice et enregistrez-le à nouveau en .xlsx",
		"reading t.xlsx, sheet Ventes: the column invoice_number and the column date is missing: add it, or rename the one that holds it":                                       "lecture de t.xlsx, feuille Ventes : il manque la colonne numéro facture et la colonne date : ajoutez-la, ou renommez celle qui la contient",
		"somebody else's error": "somebody else's error",
	} {
		if said := speakerOf(French).importText(english); said != want {
			t.Errorf("%s\n is %s\nwant %s", english, said, want)
		}
		if said := speakerOf(English).importText(english); said != english {
			t.Errorf("in English %q became %q", english, said)
		}
	}
}
