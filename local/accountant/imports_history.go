package accountant

import (
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/money"
)

type importsPage struct {
	*form
	Rows     []ImportRow
	Currency money.Currency
}

// ImportRow is an import in the history.
type ImportRow struct {
	ledger.Import
	Names, State, Net string
}

// shownImports is how many imports the history shows.
const shownImports = 100

func (r *request) showImports(status int, f *form) error {
	all, err := r.app.ledger.Imports(r.Context(), shownImports)
	if err != nil {
		return err
	}
	p := importsPage{form: f, Currency: r.app.ledger.Currency()}
	for _, v := range all {
		p.Rows = append(p.Rows, r.importRow(v))
	}
	return r.show(status, "imports", r.say.T("Imports"), p)
}

func (r *request) importRow(v ledger.Import) ImportRow {
	row := ImportRow{Import: v, Net: r.say.Amount(v.Entries.Net, r.app.ledger.Currency()), State: r.say.T("done")}
	names := make([]string, len(v.Files))
	for i, f := range v.Files {
		names[i] = path.Base(filepath.ToSlash(f.Name))
	}
	row.Names = strings.Join(names, ", ")
	switch {
	case v.Void.Reason != "":
		row.State = r.say.T("voided")
	case v.Ended.IsZero():
		row.State = r.say.T("stopped, or under way")
	}
	return row
}

type importPage struct {
	*form
	Import   ImportRow
	Currency money.Currency
	Entries  []EntryRow
	More     bool
	Voided   *ledger.VoidedImport
	Kept     []FaultRow
	Standing bool // something of it can still be voided
	Working  bool // it is being voided
	Progress progressTold
	Failed   string // why a void came to no end
}

func (r *request) importInPath() (v ledger.Import, ok bool, err error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		id = 0 // there is no such import
	}
	return r.app.ledger.Import(r.Context(), id)
}

func (r *request) showImport() error {
	return r.showImportWith(http.StatusOK, r.blank(url.Values{}))
}

func (r *request) showImportWith(status int, f *form) error {
	v, ok, err := r.importInPath()
	if err != nil {
		return err
	}
	if !ok {
		return r.missing()
	}
	p := importPage{form: f, Import: r.importRow(v), Currency: r.app.ledger.Currency()}
	w := r.app.voids.look(v.ID)
	p.Working, p.Progress = w.running(), r.toldOfVoid(w)
	if !p.Working && w.err == nil {
		p.Voided = w.result
	}
	if w.err != nil && f.good() {
		p.Failed = upper(r.say.importText(w.err.Error()))
	}
	p.Standing = !p.Working && !v.Ended.IsZero() && v.Void.Reason == "" && v.Entries.Invoices+v.Entries.CreditNotes > v.Entries.VoidedDocuments
	entries, err := r.app.ledger.ImportEntries(r.Context(), v.ID, 0, shownImports+1)
	if err != nil {
		return err
	}
	if p.More = len(entries) > shownImports; p.More {
		entries = entries[:shownImports]
	}
	for _, e := range entries {
		p.Entries = append(p.Entries, EntryRow{JournalLine: ledger.JournalLine{Entry: e}, Title: r.say.title(e), Kind: r.say.kind(e.Kind)})
	}
	if p.Voided != nil {
		for _, k := range p.Voided.Kept {
			p.Kept = append(p.Kept, FaultRow{Where: k.Document, Rule: r.say.rule(k.Why)})
		}
	}
	return r.show(status, "import", r.say.T("Import %s", plainInt(v.ID)), p)
}
