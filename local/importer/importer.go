// Package importer brings tables into a ledger: it reads workbooks and CSV (plain
// or gzipped) by a profile, leaves out what breaks a rule and says why, and
// records the rest so that a repeat, also after a kill, records nothing twice.
package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"comptoir/local/ledger"
	"comptoir/local/notation"
	"comptoir/local/tables"
	"comptoir/shared/event"
)

// Options say what to import into which ledger.
type Options struct {
	Ledger *ledger.Ledger
	// Files may stand in any order and there may be several of a kind: they
	// are applied as catalogue, clients, stock, invoices.
	Files []File
	// Profile is one of Profiles(); Comptoir where "".
	Profile string
	// Answers say how single columns are to be read that an AmbiguousError asked about;
	// Dates and Decimal say it of all that have no answer of their own. What decides by
	// itself is read by itself.
	Answers map[ColumnID]Answer
	Dates   notation.Order
	Decimal notation.Mark
	// Who is written into every entry.
	Who string
	// DryRun does all of it, by the ledger's own rules, and takes it back.
	DryRun bool
	// AllOrNothing records in one transaction, and nothing where any row is
	// rejected. Other entries of the ledger wait meanwhile.
	AllOrNothing bool
	// Marked is the path of a copy of the workbook with its faulty cells marked and
	// commented; "" writes none. It is written where there are faults.
	Marked string
	// Rejects is the path of a CSV file for all rejected rows; "" writes none.
	Rejects string
	// RejectsDialect is how Rejects is written.
	RejectsDialect tables.Dialect
	// Say puts rules, advice and headers into the words of who reads Rejects and Marked;
	// they are in English where nil. The Summary is in English always.
	Say func(english string) string
	// StockDate is the date of a stock count; the ledger's today where NoDate.
	StockDate event.Date
	// Progress is told how far the import is, every few thousand rows; may be nil.
	Progress func(Step)
}

// ColumnID names a column of the files.
type ColumnID struct {
	File          int // its place in Options.Files
	Sheet, Column string
}

// Answer is how the values of a column are read that can be read in two ways.
type Answer struct {
	Dates   notation.Order
	Decimal notation.Mark
}

// Step is how far an import is.
type Step struct {
	Stage string // checking, catalogue, clients, stock count, invoice heads, invoices, settling stock
	Done  int    // rows
	Total int    // rows of the whole import; 0 while they are being counted
	Ended bool   // nothing follows
}

// Import reads every file once before it records anything: a file that is
// broken as a whole (no known header, not UTF-8, ending early) is an error with
// nothing recorded. Rows that break a rule are no error; the Summary counts
// them. After an error or a kill, what was recorded stands, whole documents
// only, and the same import again continues behind it and ends in the same
// books as one that was never disturbed. Columns that can be read in two ways
// are an *AmbiguousError, with nothing recorded.
func Import(ctx context.Context, o Options) (Summary, error) {
	if o.Profile == "" {
		o.Profile = Comptoir
	}
	p, err := findProfile(o.Profile)
	if err != nil {
		return Summary{}, err
	}
	if len(o.Files) == 0 {
		return Summary{}, errors.New("importing: no file is named: name at least one")
	}
	if o.StockDate == event.NoDate {
		o.StockDate = o.Ledger.Today()
	}
	if o.Progress == nil {
		o.Progress = func(Step) {}
	}
	if o.Say == nil {
		o.Say = func(english string) string { return english }
	}
	started := time.Now()
	s := &session{Options: o, profile: p, summary: Summary{
		DryRun: o.DryRun, Currency: o.Ledger.Currency(), StockDate: o.StockDate, RejectsFile: o.Rejects,
	}}
	err = errors.Join(s.run(ctx), s.closeFiles())
	s.Progress(Step{Stage: "done", Done: s.done, Total: s.total, Ended: true})
	s.summary.Took = time.Since(started)
	return s.summary, err
}

// session is one import under way.
type session struct {
	Options
	profile profile
	files   []*openFile
	survey  survey
	summary Summary
	rejects *rejects
	books   *books

	retail *retailSales // of the profile online-retail
	own    *ownSales    // of Comptoir's own

	done, total int // rows, for progress
}

func (s *session) closeFiles() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (s *session) note(text string) {
	if text != "" {
		s.summary.Notes = append(s.summary.Notes, text)
	}
}

func (s *session) run(ctx context.Context) (err error) {
	if s.survey, err = s.look(ctx); err != nil {
		return fmt.Errorf("nothing was recorded: %w", err)
	}
	s.total = s.survey.rows
	source, err := s.markable()
	if err != nil {
		return fmt.Errorf("nothing was recorded: %w", err)
	}
	if s.rejects, err = newRejects(s.Rejects, s.RejectsDialect, s.Say); err != nil {
		return err
	}
	defer s.rejects.discard()
	s.rejects.keep = s.Marked != ""
	s.books = newBooks(s.Ledger, s.Who, s.DryRun)
	if err = s.begin(ctx); err != nil {
		return err
	}
	err = s.applyAll(ctx)
	if err == nil && !s.DryRun {
		s.step("settling stock")
		if _, err = s.Ledger.Settle(ctx, s.Who); err != nil {
			err = fmt.Errorf("settling the stock of what was imported: all documents are recorded; run the same import again to finish: %w", err)
		}
	}
	s.sum()
	if err != nil {
		return err // the same import again says them all
	}
	s.mark(source)
	return errors.Join(s.end(ctx), s.rejects.close())
}

// sum completes the summary.
func (s *session) sum() {
	s.summary.Rejects, s.summary.Rejected = s.rejects.first, s.rejects.rows
	s.summary.Withheld = s.rejects.held
	for _, c := range s.rejects.order {
		s.summary.Rules = append(s.summary.Rules, *c)
	}
	s.summary.Created, s.summary.CreatedClients = s.books.created, s.books.createdClients
}

// errRejected takes back an import that was to be all or nothing.
var errRejected = errors.New("a row was rejected, and all was to be recorded or nothing")

func (s *session) applyAll(ctx context.Context) error {
	if !s.AllOrNothing || s.DryRun {
		return s.applyEach(ctx)
	}
	err := s.Ledger.RecordBulk(ctx, s.Who, func(tx *ledger.Tx) error {
		tx.OfImport(s.books.of)
		s.books.whole = tx
		if err := s.applyEach(ctx); err != nil {
			return err
		}
		if s.rejects.rows > 0 {
			return errRejected
		}
		return nil
	})
	s.books.whole = nil
	if errors.Is(err, errRejected) {
		s.summary.TakenBack = true
		return nil
	}
	return err
}

func (s *session) applyEach(ctx context.Context) error {
	s.retail, s.own = newRetailSales(s), newOwnSales(s)
	for k := catalogue; k <= invoices; k++ {
		if err := s.apply(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// apply reads all tables of one kind and records them.
func (s *session) apply(ctx context.Context, k kind) error {
	var last surveyed
	for _, one := range s.survey.tables {
		if one.kind != k {
			continue
		}
		before := s.rejects.rows
		if err := s.applyTable(ctx, k, one.tableInfo); err != nil {
			return s.stopped(ctx, one.file.Name, err)
		}
		last = one
		one.Rejected = s.rejects.rows - before
		s.summary.Files = append(s.summary.Files, one.FileSummary)
	}
	if k != invoices {
		return nil
	}
	finish := s.own.finish
	if s.profile.exact {
		finish = s.retail.finish
	}
	if err := finish(ctx); err != nil {
		return s.stopped(ctx, cmp.Or(last.Name, s.Files[0].Name), err)
	}
	return nil
}

func (s *session) applyTable(ctx context.Context, k kind, info tableInfo) error {
	t, err := openTable(s.profile, info)
	if err != nil {
		return err
	}
	return cmp.Or(s.reader(k)(ctx, t), t.Close())
}

// reader is what reads and records a kind of table by the rules of the profile.
func (s *session) reader(k kind) func(context.Context, *table) error {
	if s.profile.exact {
		return map[kind]func(context.Context, *table) error{catalogue: s.importCatalogue, stock: s.importStock, invoices: s.retail.read}[k]
	}
	return map[kind]func(context.Context, *table) error{
		catalogue: s.importProducts, clients: s.importClients, stock: s.importCount, heads: s.own.readHeads, invoices: s.own.readLines,
	}[k]
}

// stopped says what stands after an import was ended by an error.
func (s *session) stopped(ctx context.Context, name string, err error) error {
	if s.DryRun {
		return fmt.Errorf("trying the import of %s: nothing was changed: %w", name, err)
	}
	if s.AllOrNothing {
		return fmt.Errorf("importing %s: stopped; nothing was recorded, because it was to be all or nothing: %w", name, err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("importing %s: interrupted; what was recorded stands: run the same import again to continue: %w", name, context.Cause(ctx))
	}
	return fmt.Errorf("importing %s: stopped; what was recorded stands: remove the cause and run the same import again to continue: %w", name, err)
}

// together records what f does as a whole; where that fails, what f has counted was not done.
func (s *session) together(ctx context.Context, f func(*ledger.Tx) error) error {
	before := s.summary
	before.Months = slices.Clone(before.Months)
	err := s.books.batch(ctx, f)
	if err != nil {
		s.summary = before
	}
	return err
}

func (s *session) step(stage string) {
	s.Progress(Step{Stage: stage, Done: s.done, Total: s.total})
}

// each hands every row of a table to f, and reports progress.
func (s *session) each(ctx context.Context, t *table, f func(*row) error) error {
	for n := 0; ; n++ {
		if n%2048 == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.step(t.layout.kind.String())
		}
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(r); err != nil {
			return err
		}
		s.done++
	}
}
