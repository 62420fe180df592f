package accountant

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"comptoir/local/ledger"
)

var formatVerb = regexp.MustCompile(`%\[?\d*\]?[a-z]`)

// refusalTexts are the rules and the advice of the ledger's refusals, with V1, V2 … for
// what they carry.
func refusalTexts(t *testing.T) (all []string) {
	t.Helper()
	names, err := filepath.Glob("../ledger/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		// What a variable or a function of the file stands for.
		meant := map[string][]ast.Expr{}
		ast.Inspect(file, func(n ast.Node) bool {
			switch v := n.(type) {
			case *ast.AssignStmt:
				if name, ok := v.Lhs[0].(*ast.Ident); ok {
					meant[name.Name] = append(meant[name.Name], v.Rhs[0])
				}
			case *ast.FuncDecl:
				ast.Inspect(v, func(n ast.Node) bool {
					if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
						meant[v.Name.Name] = append(meant[v.Name.Name], r.Results[0])
					}
					return true
				})
			}
			return true
		})
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if called, named := callee(call); !ok || !named || called != "refuse" || len(call.Args) != 5 {
				return true
			}
			for _, arg := range call.Args[3:] {
				said := []ast.Expr{arg}
				if name, ok := arg.(*ast.Ident); ok {
					said = meant[name.Name]
				} else if of, ok := arg.(*ast.CallExpr); ok {
					if name, named := callee(of); named {
						said = meant[name]
					}
				}
				for _, e := range said {
					carried := 0
					if text := textOf(e, &carried); strings.Contains(text, " ") {
						all = append(all, text)
					}
				}
			}
			return true
		})
	}
	return all
}

// callee is the name of a function of the package that is called.
func callee(call *ast.CallExpr) (string, bool) {
	if call == nil {
		return "", false
	}
	name, ok := call.Fun.(*ast.Ident)
	if !ok {
		return "", false
	}
	return name.Name, true
}

// textOf is a text as the code makes it: a literal, a sum, or what Sprintf writes.
func textOf(e ast.Expr, carried *int) string {
	value := func() string { *carried++; return fmt.Sprint("V", *carried) }
	switch v := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(v.Value)
		if err != nil {
			return ""
		}
		return text
	case *ast.BinaryExpr:
		return textOf(v.X, carried) + textOf(v.Y, carried)
	case *ast.CallExpr:
		if f, ok := v.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			return formatVerb.ReplaceAllStringFunc(textOf(v.Args[0], carried), func(string) string { return value() })
		}
	}
	return value()
}

// Each rule and each advice with which the ledger refuses something has its French, with
// all that it carries.
func TestRefusalsAreInFrench(t *testing.T) {
	all := refusalTexts(t)
	if len(all) < 100 {
		t.Fatalf("only %d texts were found", len(all))
	}
	used := map[string]bool{}
	for _, text := range all {
		french := speakerOf(French).refusal(text)
		if french == text {
			t.Errorf("%q has no French", text)
		}
		if english := speakerOf(English).refusal(text); english != text {
			t.Errorf("%q is said as %q in English", text, english)
		}
		for _, value := range regexp.MustCompile(`V\d`).FindAllString(text, -1) {
			if !strings.Contains(french, value) {
				t.Errorf("%q loses %s: %q", text, value, french)
			}
		}
		for _, f := range ledgerForms {
			if _, ok := matchForm(f.english, text); ok {
				used[f.english] = true
				break
			}
		}
	}
	for _, f := range ledgerForms {
		if !used[f.english] {
			t.Errorf("%q has French and is not said", f.english)
		}
	}
}

func TestARefusalIsToldAsTheLanguageWrites(t *testing.T) {
	for _, c := range []struct{ rule, advice, english, french string }{
		{"it is of 2026-01-31 and the books are closed through 2026-02-28", "record a return of a later date instead", "It is of 31/01/2026 and the books are closed through 28/02/2026. Record a return of a later date instead.", "Il est daté du 31/01/2026, et les livres sont clos jusqu’au 28/02/2026. Enregistrez plutôt un retour, à une date ultérieure."},
		{"the books are closed through 2026-02-28 and are not opened again", "give a later day", "The books are closed through 28/02/2026 and are not opened again. Give a later day.", "Les livres sont déjà clos jusqu’au 28/02/2026 et ne se rouvrent pas. Donnez un jour ultérieur."},
		{"line 1 of INV-000005: sold 1250.5, come back 1", "return at most what is left, 1249.5", "Line 1 of INV-000005: sold 1,250.5, come back 1. Return at most what is left, 1,249.5.", "Ligne 1 de INV-000005 : quantité vendue 1\u202f250,5, déjà rendue 1. Rendez au plus ce qui reste, 1\u202f249,5."},
		{"it is recorded already (credit note: CN-000001)", "leave it out, or give this one its own reference", "It is recorded already (credit note: CN-000001). Leave it out, or give this one its own reference.", "Elle est déjà enregistrée (avoir : CN-000001). Laissez-la vide, ou donnez-en une autre."},
		// A lot may be called like a day.
		{"there is some left of lot 2026-01-01 of TEA, which expires on 2027-01-27", "give these goods another lot, or the same date", "There is some left of lot 2026-01-01 of TEA, which expires on 27/01/2027. Give these goods another lot, or the same date.", "Il reste du lot 2026-01-01 de TEA, qui périme le 27/01/2027. Donnez un autre lot à ces articles, ou la même date."},
	} {
		e := &ledger.RuleError{Rule: c.rule, Advice: c.advice}
		if said := speakerOf(English).rule(e); said != c.english {
			t.Errorf("in English: %s\n      want: %s", said, c.english)
		}
		if said := speakerOf(French).rule(e); said != c.french {
			t.Errorf("in French: %s\n     want: %s", said, c.french)
		}
	}
}

// What is refused can be put right where it is refused.
func TestAdviceCanBeFollowed(t *testing.T) {
	d := openDesk(t, nil)
	d.lang = "fr"
	d.want(d.send("/receipts/new", "product", "TEA", "quantity", "1", "date", "2026-03-11"), 422, "Cette date est dans le futur ; nous sommes le 10/03/2026. Donnez la date d’aujourd’hui, ou une date passée.")
	d.want(d.send("/counts/new?product=TEA", "product", "TEA", "on_hand", "1", "date", "2026-03-11"), 422, "Donnez la date d’aujourd’hui, ou une date passée.")
	d.want(d.send("/sales/new", "product", "TEA", "quantity", "3", "date", "2026-03-11"), 422, "ou cochez qu’elle est dans le futur, exprès", "La date est dans le futur, exprès")
	d.want(d.send("/sales/new", "product", "TEA", "quantity", "3", "date", today), 200, "INV-000001 est enregistré")

	back := d.send("/entries/7/return", "quantity", "1", "date", "2026-03-12")
	d.want(back, 422, "ou cochez qu’elle est dans le futur, exprès", "La date est dans le futur, exprès")
	d.want(d.send("/entries/7/return", "quantity", "1", "date", "2026-03-12", "future", "yes"), 200, "CN-000001")
	d.want(d.send("/entries/7/return", "quantity", "99", "date", today), 422, "Ligne 1 de INV-000001 : quantité vendue 3, déjà rendue 1. Rendez au plus ce qui reste, 2.")

	d.want(d.send("/close", "through", "", "sure", "yes"), 422, "Pour clore les livres il faut une date. Donnez le dernier jour à clore.")
	d.want(d.send("/close", "through", "2026-03-11", "sure", "yes"), 422, "Un jour à venir ne se clôt pas ; nous sommes le 10/03/2026.")
	d.want(d.send("/close", "through", "2026-03-05", "sure", "yes"), 200)
	d.want(d.send("/close", "through", "2026-03-04", "sure", "yes"), 422, "Les livres sont déjà clos jusqu’au 05/03/2026 et ne se rouvrent pas. Donnez un jour ultérieur.")
	d.want(d.send("/receipts/new", "product", "TEA", "quantity", "1", "date", "2026-03-05"), 422, "Les livres sont clos jusqu’au 05/03/2026. Donnez une date ultérieure.")
	d.want(d.send("/close", "through", today, "sure", "yes"), 200)
	d.want(d.send("/entries/7/void", "reason", "x"), 422, "Il est daté du 10/03/2026, et les livres sont clos jusqu’au 10/03/2026. Enregistrez plutôt un retour, à une date ultérieure.")
}
