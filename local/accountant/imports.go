package accountant

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"comptoir/local/importer"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// mostUpload bounds what the files of one import may weigh.
const mostUpload = 256 << 20

func (a *App) importRoutes(page func(string, func(*request) error)) {
	page("GET /imports", func(r *request) error { return r.showImports(http.StatusOK, r.blankUpload()) })
	page("POST /imports", (*request).upload)
	page("GET /imports/template.xlsx", (*request).template)
	page("GET /imports/{id}", (*request).showImport)
	page("GET /imports/{id}/progress", (*request).voidProgress)
	page("POST /imports/{id}/void", (*request).voidImport)
	page("GET /uploads/{id}", (*request).showUpload)
	page("GET /uploads/{id}/progress", (*request).uploadProgress)
	page("GET /uploads/{id}/faults", (*request).uploadFaults)
	page("POST /uploads/{id}/answer", (*request).answerUpload)
	page("POST /uploads/{id}/try", (*request).tryUpload)
	page("POST /uploads/{id}/record", (*request).recordUpload)
	page("POST /uploads/{id}/cancel", (*request).cancelUpload)
}

// upload takes files in and tries them.
func (r *request) upload() error {
	f := r.blankUpload()
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
	fields, err := j.take(r.Request)
	if err == nil {
		f.Values = fields
		j.StockDate = f.counted("stock_date", r.app.ledger.Today())
	}
	if err == nil && len(j.files) == 0 && f.good() {
		f.fault("file", r.say.T("Choose at least one file."))
	}
	if err != nil || !f.good() {
		_ = os.RemoveAll(j.dir) // nothing of it is wanted
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			f.fault("file", r.say.T("The files have more than %d MiB together: divide them, or use comptoir import.", mostUpload>>20))
		case err != nil:
			if onDisk := new(fs.PathError); errors.As(err, &onDisk) {
				return fmt.Errorf("keeping the files that were brought: %w", err)
			}
			r.app.c.Log.Warn("accountant: an upload broke off", "error", err)
			f.fault("file", r.say.T("The files did not arrive as a whole, so nothing of them was looked at. Choose them again."))
		}
		return r.showImports(http.StatusUnprocessableEntity, f)
	}
	r.app.uploads.add(j)
	r.try(j)
	return r.redirect("/uploads/" + j.ID)
}

// blankUpload is the form that files are brought by.
func (r *request) blankUpload() *form {
	return r.blank(url.Values{"stock_date": {r.app.ledger.Today().String()}})
}

// counted reads the day of a stock count, which has come; today where none is given.
func (f *form) counted(field string, today event.Date) event.Date {
	d := f.date(field)
	if d > today {
		f.fault(field, f.say.T("A stock count is of a day that has come: today is %s.", f.say.Day(today)))
	}
	return cmp.Or(d, today)
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

// take keeps the files of an upload in the job's folder, and returns its other fields.
func (j *job) take(r *http.Request) (fields url.Values, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	fields = url.Values{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, err
		}
		if part.FileName() == "" && part.FormName() != "file" {
			const most = 1 << 10
			text, err := io.ReadAll(io.LimitReader(part, most))
			if err != nil {
				return nil, err
			}
			fields.Add(part.FormName(), string(text))
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		place := filepath.Join(j.dir, strconv.Itoa(len(j.files)))
		file, err := os.OpenFile(place, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(file, part)
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
		kept := importer.Path(place)
		kept.Name = part.FileName() // without folders, by mime/multipart
		j.files = append(j.files, kept)
		j.Names = append(j.Names, kept.Name)
	}
}

func (r *request) template() error {
	language, name := r.say.importer(), "comptoir.xlsx"
	if language == importer.French {
		name = "comptoir-fr.xlsx"
	}
	r.attachment(name, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	return importer.Template(r.w, language, importer.App)
}

// importer is the language as the importer's files have it.
func (s *speaker) importer() importer.Language {
	if s.Language == French {
		return importer.French
	}
	return importer.English
}

func (r *request) attachment(name, kind string) {
	r.w.Header().Set("Content-Type", kind)
	r.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

type uploadPage struct {
	jobView
	Form      *form
	ID        string
	Currency  money.Currency
	Names     string
	Progress  progressTold
	Lines     []string
	Months    []MonthRow
	All       MonthRow // of Months
	Known     []KnownRow
	MoreKnown int // documents recorded before that are not shown
	Faulty    []FaultRow
	More      bool // faults that are not shown
	Ask       []Question
	Good      bool // something would be, or was, recorded
}

// MonthRow is what a month comes to.
type MonthRow struct {
	importer.Month
	NetText, TaxText, TotalText string
}

// KnownRow is a document of the files that was recorded before.
type KnownRow struct {
	importer.Known
	Where string
}

// FaultRow is a fault as it is read.
type FaultRow struct{ Where, Column, Value, Rule, Advice string }

func (r *request) uploadInPath() *job { return r.app.uploads.find(r.PathValue("id")) }

func (r *request) showUploadWith(status int, j *job, f *form) error {
	v := j.look()
	p := uploadPage{jobView: v, Form: f, ID: j.ID, Currency: r.app.ledger.Currency(), Names: strings.Join(v.Names, ", "), Progress: r.told(v)}
	switch v.State {
	case jobAsking:
		p.Ask = r.questions(v.Asked, f)
	case jobFailed:
		p.Fault = upper(r.say.importText(v.Fault))
	case jobTried, jobDone, jobStopped:
		p.Lines, p.Good = r.summed(v.Summary), v.Summary.Recorded()
		for _, m := range v.Summary.Months {
			p.Months = append(p.Months, r.monthRow(m))
		}
		p.All = r.monthRow(v.Summary.AllMonths())
		for _, k := range v.Summary.Known {
			p.Known = append(p.Known, KnownRow{k, where(r.say, importer.Reject{File: k.File, Sheet: k.Sheet, Row: k.Row})})
		}
		p.MoreKnown = v.Summary.Already.Documents - len(p.Known)
		for _, one := range v.Summary.Rejects {
			p.Faulty = append(p.Faulty, FaultRow{where(r.say, one), one.Column, one.Value, upper(r.say.importText(one.Rule)), upper(r.say.importText(one.Advice))})
		}
		p.More = len(p.Faulty) == importer.Printed
	}
	titles := map[jobState]string{
		jobTrying: r.say.T("Looking at the files"), jobAsking: r.say.T("One question first"), jobTried: r.say.T("What would be recorded"),
		jobRecording: r.say.T("Recording"), jobDone: r.say.T("Imported"), jobStopped: r.say.T("Stopped"), jobFailed: r.say.T("That did not work"),
	}
	return r.show(status, "upload", titles[v.State], p)
}

func (r *request) monthRow(m importer.Month) MonthRow {
	c := r.app.ledger.Currency()
	return MonthRow{m, r.say.Amount(m.Net, c), r.say.Amount(m.Tax, c), r.say.Amount(m.Total, c)}
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
	t.Text = r.say.T("rows looked at: %s", r.say.Count(int64(v.Step.Done)))
	if t.Total == 0 {
		return t
	}
	t.Text = r.say.T("rows: %s of %s", r.say.Count(int64(t.Done)), r.say.Count(int64(t.Total)))
	t.Text += r.pace(v.since, t.Done-v.before, t.Total-t.Done)
	return t
}

// pace says how fast something goes and how long it still takes, once that can be said.
func (r *request) pace(since time.Time, done, left int) string {
	took := time.Since(since).Seconds()
	if took <= 0.5 || done <= 0 {
		return ""
	}
	rate := float64(done) / took
	return r.say.T(", %s a second, %s s left", r.say.Count(int64(rate)), r.say.Count(int64(float64(left)/rate)+1))
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
	say(s.Stock.Lots, r.say.T("Lots counted: %s (products: %s)", count(s.Stock.Lots), count(s.Stock.Products)))
	say(s.Stock.AlreadyLots, r.say.T("Lots counted before: %s", count(s.Stock.AlreadyLots)))
	say(s.Sales.Documents, r.say.T("Invoices: %s (lines: %s), net %s", count(s.Sales.Documents), count(s.Sales.Lines), r.say.Money(s.Sales.Net, c)))
	say(s.Returns.Documents, r.say.T("Credit notes: %s (lines: %s), net %s", count(s.Returns.Documents), count(s.Returns.Lines), r.say.Money(s.Returns.Net, c)))
	say(s.Already.Documents, r.say.T("Documents recorded before, and skipped: %s (lines: %s)", count(s.Already.Documents), count(s.Already.Lines)))
	say(s.Voided, r.say.T("Of them voided since: %s; they stay so, and a corrected one takes a number of its own", count(s.Voided)))
	say(s.Empty, r.say.T("Documents left out: %s", count(s.Empty)))
	say(s.Rejected, r.say.T("Rows left out: %s", count(s.Rejected)))
	for _, n := range s.Notes {
		lines = append(lines, r.say.importText(n))
	}
	return lines
}
