package accountant

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"comptoir/local/ledger"
	"comptoir/shared/event"
)

// What the ledger says to do where the machine fails it has its French.
func TestFailuresAreInFrench(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../ledger/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		assigned, ok := n.(*ast.AssignStmt)
		if !ok || len(assigned.Lhs) != 1 {
			return true
		}
		name, named := assigned.Lhs[0].(*ast.Ident)
		literal, said := assigned.Rhs[0].(*ast.BasicLit)
		if !named || !said || name.Name != "advice" || literal.Value == `""` {
			return true
		}
		found++
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		if french := speakerOf(French).failure(errors.New("recording in the ledger: " + text + ": disk I/O error")); french == "" || strings.Contains(french, text) {
			t.Errorf("%q has no French: %q", text, french)
		}
		within := speakerOf(French).importText("importing a.csv: stopped; what was recorded stands: remove the cause and run the same import again to continue: recording in the ledger /l.db: " + text + ": disk I/O error (10)")
		if !strings.HasPrefix(within, "import de a.csv : arrêté") || strings.Contains(within, text) || !strings.HasSuffix(within, " : disk I/O error (10)") {
			t.Errorf("an import that it ends says %q", within)
		}
		return true
	})
	if found != len(failureForms) {
		t.Errorf("the ledger has %d such texts, and %d have French", found, len(failureForms))
	}
}

// A person gets a sentence with what to do; the cause stands under it and in the log.
func TestAFailureOfTheMachine(t *testing.T) {
	var log strings.Builder
	d := openDesk(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	d.lang = "fr"
	key := d.key("/sales/new")
	if err := d.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	d.want(d.get("/entries"), http.StatusInternalServerError, "Quelque chose a échoué sur l’ordinateur où tourne Comptoir. Réessayez dans un instant.", "Cause : ", "sql: database is closed")
	d.want(d.do(http.MethodPost, "/sales/new", url.Values{"key": {key}, "date": {today}, "product": {"TEA"}}), http.StatusInternalServerError, "Un formulaire peut être envoyé de nouveau : il n’est enregistré qu’une fois.")
	if n := strings.Count(log.String(), "sql: database is closed"); n != 2 {
		t.Errorf("the log tells %d causes: %s", n, &log)
	}
}

func TestWhatGuardsSpeaksFrench(t *testing.T) {
	d := openDesk(t, nil)
	d.lang = "fr"
	d.want(d.do(http.MethodGet, "/sales/new", nil, "Host", "evil.example"), http.StatusMisdirectedRequest, "L’application du comptable ne répond pas sous ce nom.")
	d.want(d.do(http.MethodPost, "/sales/new", url.Values{"product": {"TEA"}}, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden, "Ce formulaire a été envoyé par un autre site : rien n’a été enregistré.")
	d.want(d.get("/assets/none.js"), http.StatusNotFound, "Ce fichier n’existe pas.")
	d.want(d.get("/entries/99/delivery"), http.StatusNotFound, "Cette écriture n’existe pas.")
}

func TestFilesThatAreBrokenAreToldInFrench(t *testing.T) {
	d := openDesk(t, nil)
	d.lang = "fr"
	d.want(d.bring("livres.xlsx", "PK\x03\x04 and nothing of a workbook"), http.StatusOK, "le fichier n’est pas un classeur en bon état : ce n’est pas une archive zip en bon état : ouvrez-le dans Excel")
	d.want(d.bring("ventes.csv.gz", "\x1f\x8b\x08\x00\x00"), http.StatusOK, "il finit avant son terme")
	d.want(d.bring("ventes.csv", "numéro facture;code produit;quantité;prix unitaire;date;remarque\nF-1;TH\xc9;1;1;2026-02-01;x\n"), http.StatusOK, "colonne code produit")
	d.want(d.bring("ventes.csv", "numéro facture;code produit;quantité;prix unitaire;date;remarque\nF-1;TEA;1;1;2026-02-01;\xc9\n"), http.StatusOK, "champ 6")

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+"/imports", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nhalf"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	req.Header.Set("Accept-Language", "fr")
	d.want(d.answered(req), http.StatusUnprocessableEntity, "Les fichiers ne sont pas arrivés en entier")
}

// unreadable are figures that cannot be read.
type unreadable struct{}

func (unreadable) Counted(context.Context, []ledger.Sent) ([]Counted, error) {
	return nil, errors.New("mongodb: connection refused")
}

func TestFiguresThatCannotBeRead(t *testing.T) {
	var log strings.Builder
	published := map[string]int64{}
	for _, topic := range event.LedgerTopics {
		for p := range 8 {
			published[fmt.Sprintf("%s/%d", topic, p)] = 1000
		}
	}
	d := openDesk(t, func(c *Config) {
		c.Log, c.Progress = slog.New(slog.NewTextHandler(&log, nil)), unreadable{}
		c.Acknowledged = func() map[string]int64 { return published }
	})
	d.lang = "fr"
	d.send("/sales/new", "date", today, "product", "TEA", "quantity", "1")
	for range 3 {
		p := d.get("/entries/7")
		d.want(p, http.StatusOK, "L’écriture est en sûreté dans les livres. Les chiffres ne peuvent pas être lus pour l’instant")
		if p.says("connection refused") {
			t.Error("a person is told a program's words")
		}
	}
	if n := strings.Count(log.String(), "connection refused"); n != 1 {
		t.Errorf("the log has the cause %d times: %s", n, &log)
	}
}
