package accountant

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/local/notation"
	"comptoir/shared/money"
)

// mostUpload bounds what the files of one import may weigh.
const mostUpload = 256 << 20

func (a *App) importRoutes(page func(string, func(*request) error)) {
	page("GET /imports", func(r *request) error { return r.showImports(http.StatusOK, r.blank(url.Values{})) })
	page("POST /imports", (*request).upload)
	page("GET /imports/template.xlsx", (*request).template)
	page("GET /imports/{id}", (*request).showImport)
	page("POST /imports/{id}/void", (*request).voidImport)
	page("GET /uploads/{id}", (*request).showUpload)
	page("GET /uploads/{id}/progress", (*request).uploadProgress)
	page("GET /uploads/{id}/faults", (*request).uploadFaults)
	page("POST /uploads/{id}/answer", (*request).answerUpload)
	page("POST /uploads/{id}/try", (*request).tryUpload)
	page("POST /uploads/{id}/record", (*request).recordUpload)
	page("POST /uploads/{id}/cancel", (*request).cancelUpload)
}

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

// upload takes files in and tries them.
func (r *request) upload() error {
	f := r.blank(url.Values{})
	r.Body = http.MaxBytesReader(r.w, r.Body, mostUpload)
	j := &job{ID: rand.Text(), Who: r.who}
	var err error
	if r.app.c.Uploads != "" {
		err = os.MkdirAll(r.app.c.Uploads, 0o700)
	}
	if err == nil {
		j.dir, err = os.MkdirTemp(r.app.c.Uploads, "comptoir-upload-")
	}
	if err != nil {
		return fmt.Errorf("making a place for the upload: %w", err)
	}
	if err := j.take(r.Request); err != nil || len(j.files) == 0 {
		_ = os.RemoveAll(j.dir) // nothing of it is wanted
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			f.fault("file", r.say.T("The files have more than %d MiB together: divide them, or use comptoir import.", mostUpload>>20))
		case err != nil:
			return fmt.Errorf("taking the upload: %w; send it again", err)
		default:
			f.fault("file", r.say.T("Choose at least one file."))
		}
		return r.showImports(http.StatusUnprocessableEntity, f)
	}
	r.app.uploads.add(j)
	r.try(j)
	return r.redirect("/uploads/" + j.ID)
}

// try makes the dry run of a job.
func (r *request) try(j *job) {
	r.app.uploads.run(r.Context(), j, r.app.ledger, r.say, false, false, func() {})
}

// tryUpload looks again at what was stopped.
func (r *request) tryUpload() error {
	j := r.uploadInPath()
	if j == nil {
		return r.missing()
	}
	r.try(j)
	return r.redirect("/uploads/" + j.ID)
}

// take keeps the files of an upload in the job's folder.
func (j *job) take(r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return err
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		place := filepath.Join(j.dir, strconv.Itoa(len(j.files)))
		file, err := os.OpenFile(place, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, part)
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
		kept := importer.Path(place)
		kept.Name = part.FileName() // without folders, by mime/multipart
		j.files = append(j.files, kept)
		j.Names = append(j.Names, kept.Name)
	}
}

func (r *request) template() error {
	name, language := "comptoir.xlsx", importer.English
	if r.say.Language == French {
		name, language = "comptoir-fr.xlsx", importer.French
	}
	r.attachment(name, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	return importer.Template(r.w, language)
}

func (r *request) attachment(name, kind string) {
	r.w.Header().Set("Content-Type", kind)
	r.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

type uploadPage struct {
	jobView
	ID       string
	Currency money.Currency
	Names    string
	Progress progressTold
	Lines    []string
	Months   []MonthRow
	Faulty   []FaultRow
	More     bool // faults that are not shown
	Ask      []string
	AskDates, AskDecimal,
	Good bool // something would be, or was, recorded
}

// MonthRow is what a month comes to.
type MonthRow struct {
	importer.Month
	NetText, TaxText, TotalText string
}

// FaultRow is a fault as it is read.
type FaultRow struct{ Where, Column, Value, Rule, Advice string }

func (r *request) uploadInPath() *job { return r.app.uploads.find(r.PathValue("id")) }

func (r *request) showUpload() error {
	j := r.uploadInPath()
	if j == nil {
		return r.missing()
	}
	v := j.look()
	p := uploadPage{jobView: v, ID: j.ID, Currency: r.app.ledger.Currency(), Names: strings.Join(v.Names, ", "), Progress: r.told(v)}
	switch v.State {
	case jobAsking:
		for _, a := range v.Asked {
			p.Ask = append(p.Ask, r.asked(a))
			p.AskDates, p.AskDecimal = p.AskDates || a.Dates, p.AskDecimal || !a.Dates
		}
	case jobFailed:
		p.Fault = upper(r.say.importText(v.Fault))
	case jobTried, jobDone, jobStopped:
		p.Lines, p.Good = r.summed(v.Summary), v.Summary.Recorded()
		for _, m := range v.Summary.Months {
			c := p.Currency
			p.Months = append(p.Months, MonthRow{m, r.say.Amount(m.Net, c), r.say.Amount(m.Tax, c), r.say.Amount(m.Total, c)})
		}
		for _, one := range v.Summary.Rejects {
			p.Faulty = append(p.Faulty, FaultRow{where(r.say, one), one.Column, one.Value, upper(r.say.importText(one.Rule)), upper(r.say.importText(one.Advice))})
		}
		p.More = len(p.Faulty) == importer.Printed
	}
	titles := map[jobState]string{
		jobTrying: r.say.T("Looking at the files"), jobAsking: r.say.T("One question first"), jobTried: r.say.T("What would be recorded"),
		jobRecording: r.say.T("Recording"), jobDone: r.say.T("Imported"), jobStopped: r.say.T("Stopped"), jobFailed: r.say.T("That did not work"),
	}
	return r.show(http.StatusOK, "upload", titles[v.State], p)
}

// where says where a fault stands.
func where(s *speaker, one importer.Reject) string {
	switch {
	case one.Cell != "":
		return one.Sheet + "!" + one.Cell
	case one.Sheet != "":
		return s.T("%s, row %s", one.Sheet, plainInt(int64(one.Row)))
	}
	return s.T("%s, row %s", one.File, plainInt(int64(one.Row)))
}

func (r *request) asked(a importer.Ambiguity) string {
	place := r.say.T("%s, row %s", a.File, plainInt(int64(a.Row)))
	if a.Cell != "" {
		place = a.Sheet + "!" + a.Cell
	}
	if a.Dates {
		return r.say.T("%s, %s: is “%s” the day or the month first? No other date of the column tells.", place, a.Column, a.Value)
	}
	return r.say.T("%s, %s: is the mark in “%s” before decimals, or between thousands? No other number of the column tells.", place, a.Column, a.Value)
}

// progressTold is what the page's script asks for while a job is under way.
type progressTold struct {
	Running bool   `json:"running"`
	Text    string `json:"text"`
	Done    int    `json:"done"`
	Total   int    `json:"total"`
}

func (r *request) told(v jobView) progressTold {
	t := progressTold{Running: v.State.running(), Done: v.Step.Done, Total: v.Step.Total}
	if !t.Running {
		return t
	}
	t.Text = r.say.T("%s rows looked at", r.say.Count(int64(v.Step.Done)))
	if t.Total == 0 {
		return t
	}
	t.Text = r.say.T("%s of %s rows", r.say.Count(int64(t.Done)), r.say.Count(int64(t.Total)))
	if took := time.Since(v.since).Seconds(); took > 0.5 && t.Done > v.before {
		rate := float64(t.Done-v.before) / took
		t.Text += r.say.T(", %s a second, %s s left", r.say.Count(int64(rate)), r.say.Count(int64(float64(t.Total-t.Done)/rate)+1))
	}
	return t
}

func (r *request) uploadProgress() error {
	j := r.uploadInPath()
	if j == nil {
		return r.missing()
	}
	r.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(r.w).Encode(r.told(j.look()))
}

func (r *request) uploadFaults() error {
	j := r.uploadInPath()
	if j == nil || j.look().Faults == "" {
		return r.missing()
	}
	v := j.look()
	ext := filepath.Ext(v.Faults)
	kind := "text/csv; charset=utf-8"
	if ext == ".xlsx" {
		kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	r.attachment(strings.TrimSuffix(v.Names[0], filepath.Ext(v.Names[0]))+"-"+r.say.T("faults")+ext, kind)
	http.ServeFile(r.w, r.Request, v.Faults)
	return nil
}

// answerUpload reads how ambiguous columns are meant, and tries again.
func (r *request) answerUpload() error {
	j := r.uploadInPath()
	if j == nil {
		return r.missing()
	}
	j.mu.Lock()
	j.Dates = map[string]notation.Order{"day-first": notation.DayFirst, "month-first": notation.MonthFirst}[r.PostForm.Get("dates")]
	j.Decimal = map[string]notation.Mark{"comma": notation.Comma, "point": notation.Point}[r.PostForm.Get("decimal")]
	j.mu.Unlock()
	r.try(j)
	return r.redirect("/uploads/" + j.ID)
}

// recordUpload records what the dry run found good. Sent twice it is recorded once: by the
// state of the job, and by the keys of what is in it.
func (r *request) recordUpload() error {
	j := r.uploadInPath()
	if j == nil {
		return r.missing()
	}
	if v := j.look(); v.State == jobTried || v.State == jobStopped && v.Record {
		r.app.uploads.run(r.Context(), j, r.app.ledger, r.say, true, r.PostForm.Get("whole") != "", r.app.c.Wake)
	}
	return r.redirect("/uploads/" + j.ID)
}

func (r *request) cancelUpload() error {
	j := r.uploadInPath()
	if j == nil {
		return r.missing()
	}
	j.stop()
	return r.redirect("/uploads/" + j.ID)
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
}

func (r *request) importInPath() (v ledger.Import, ok bool, err error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		id = 0 // there is no such import
	}
	return r.app.ledger.Import(r.Context(), id)
}

func (r *request) showImport() error {
	return r.showImportWith(http.StatusOK, r.blank(url.Values{}), nil)
}

func (r *request) showImportWith(status int, f *form, voided *ledger.VoidedImport) error {
	v, ok, err := r.importInPath()
	if err != nil {
		return err
	}
	if !ok {
		return r.missing()
	}
	p := importPage{form: f, Import: r.importRow(v), Currency: r.app.ledger.Currency(), Voided: voided}
	p.Standing = !v.Ended.IsZero() && v.Void.Reason == "" && v.Entries.Invoices+v.Entries.CreditNotes > v.Entries.VoidedDocuments
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
	if voided != nil {
		for _, k := range voided.Kept {
			p.Kept = append(p.Kept, FaultRow{Where: k.Document, Rule: r.say.rule(k.Why)})
		}
	}
	return r.show(status, "import", r.say.T("Import %s", plainInt(v.ID)), p)
}

// voidImport voids an import as a whole. What is large takes its time; who leaves
// meanwhile finds that part voided, and the same again goes on.
func (r *request) voidImport() error {
	v, ok, err := r.importInPath()
	if err != nil {
		return err
	}
	if !ok {
		return r.missing()
	}
	f := r.form()
	reason := f.needed("reason")
	if !f.good() {
		return r.showImportWith(http.StatusUnprocessableEntity, f, nil)
	}
	voided, err := r.app.ledger.VoidImport(r.Context(), v.ID, r.who, reason, nil)
	r.app.c.Wake()
	if err != nil {
		if err := f.refused(err, func(string) string { return "reason" }); err != nil {
			return err
		}
		return r.showImportWith(http.StatusUnprocessableEntity, f, nil)
	}
	return r.showImportWith(http.StatusOK, r.blank(url.Values{}), &voided)
}

// summed says what an import did, or would do.
func (r *request) summed(s importer.Summary) []string {
	var lines []string
	say := func(n int, text string) {
		if n > 0 {
			lines = append(lines, text)
		}
	}
	count := func(n int) string { return r.say.Count(int64(n)) }
	c := r.app.ledger.Currency()
	p, v := s.Products, s.Clients
	say(p.Created+p.Changed+p.Unchanged, r.say.T("Products: %s created, %s changed, %s as they were", count(p.Created), count(p.Changed), count(p.Unchanged)))
	say(v.Created+v.Changed+v.Unchanged, r.say.T("Clients: %s created, %s changed, %s as they were", count(v.Created), count(v.Changed), count(v.Unchanged)))
	say(s.Stock.Lots, r.say.T("Stock: %s lots of %s products counted", count(s.Stock.Lots), count(s.Stock.Products)))
	say(s.Stock.AlreadyLots, r.say.T("Stock: %s lots were counted before", count(s.Stock.AlreadyLots)))
	say(s.Sales.Documents, r.say.T("Invoices: %s with %s lines, net %s", count(s.Sales.Documents), count(s.Sales.Lines), r.say.Money(s.Sales.Net, c)))
	say(s.Returns.Documents, r.say.T("Credit notes: %s with %s lines, net %s", count(s.Returns.Documents), count(s.Returns.Lines), r.say.Money(s.Returns.Net, c)))
	say(s.Already.Documents, r.say.T("Recorded before, and skipped: %s documents with %s lines", count(s.Already.Documents), count(s.Already.Lines)))
	say(s.Voided, r.say.T("Of them voided since: %s; they stay so, and a corrected one takes a number of its own", count(s.Voided)))
	say(s.Empty, r.say.T("Left out: %s documents", count(s.Empty)))
	say(s.Rejected, r.say.T("Left out: %s rows", count(s.Rejected)))
	for _, n := range s.Notes {
		lines = append(lines, r.say.importText(n))
	}
	return lines
}
