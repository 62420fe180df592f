// Package importer brings tables into a ledger: it reads CSV (plain or
// gzipped) by a profile, leaves out the rows that break a rule and says why,
// and records the rest so that a repeat, also after a kill, records nothing twice.
package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
)

// Options say what to import into which ledger.
type Options struct {
	Ledger *ledger.Ledger
	// Files may stand in any order and there may be several of a kind: they
	// are applied as catalogue, stock, invoices.
	Files []File
	// Profile is one of Profiles(); OnlineRetail where "".
	Profile string
	// Who is written into every entry.
	Who string
	// DryRun does all of it, by the ledger's own rules, and takes it back.
	DryRun bool
	// Rejects is the path of a CSV file for all rejected rows; "" writes none.
	Rejects string
	// StockDate is the date of a stock count; the ledger's today where NoDate.
	StockDate event.Date
	// Progress is told how far the import is, every few thousand rows; may be nil.
	Progress func(Step)
}

// Step is how far an import is.
type Step struct {
	Stage string // checking, catalogue, stock count, invoices, settling stock
	Done  int    // rows
	Total int    // rows of the whole import; 0 while they are being counted
	Ended bool   // nothing follows
}

// Import reads every file once before it records anything: a file that is
// broken as a whole (no known header, not UTF-8, ending early) is an error with
// nothing recorded. Rows that break a rule are no error; the Summary counts
// them. After an error or a kill, what was recorded stands, whole documents
// only, and the same import again continues behind it and ends in the same
// books as one that was never disturbed.
func Import(ctx context.Context, o Options) (Summary, error) {
	if o.Profile == "" {
		o.Profile = OnlineRetail
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
	started := time.Now()
	s := &session{Options: o, profile: p, summary: Summary{
		DryRun: o.DryRun, Currency: o.Ledger.Currency(), StockDate: o.StockDate, RejectsFile: o.Rejects,
	}}
	err = s.run(ctx)
	s.Progress(Step{Stage: "done", Done: s.done, Total: s.total, Ended: true})
	s.summary.Took = time.Since(started)
	return s.summary, err
}

// session is one import under way.
type session struct {
	Options
	profile profile
	survey  survey
	summary Summary
	rejects *rejects
	books   *books

	done, total int // rows, for progress
}

func (s *session) run(ctx context.Context) (err error) {
	if s.survey, err = s.look(ctx); err != nil {
		return fmt.Errorf("nothing was recorded: %w", err)
	}
	s.total = s.survey.rows
	if s.rejects, err = newRejects(s.Rejects); err != nil {
		return err
	}
	defer s.rejects.discard()
	s.books = newBooks(s.Ledger, s.Who, s.DryRun)
	for k := catalogue; k <= invoices; k++ {
		if err = s.apply(ctx, k); err != nil {
			break
		}
	}
	if err == nil && !s.DryRun {
		s.step("settling stock")
		if _, err = s.Ledger.Settle(ctx, s.Who); err != nil {
			err = fmt.Errorf("settling the stock of what was imported: all documents are recorded; run the same import again to finish: %w", err)
		}
	}
	s.summary.Rejects, s.summary.Rejected = s.rejects.first, s.rejects.rows
	for _, c := range s.rejects.order {
		s.summary.Rules = append(s.summary.Rules, *c)
	}
	s.summary.Created, s.summary.CreatedClients = s.books.created, s.books.createdClients
	if err != nil {
		return err // the same import again says them all
	}
	return s.rejects.close()
}

// apply reads all files of one kind and records them.
func (s *session) apply(ctx context.Context, k kind) error {
	var sales *salesReader
	if k == invoices {
		sales = newSalesReader(s)
	}
	for i, f := range s.Files {
		if s.survey.files[i].Kind != k.String() {
			continue
		}
		before := s.rejects.rows
		t, err := openTable(s.profile, f)
		if err != nil {
			return err
		}
		switch k {
		case catalogue:
			err = s.importCatalogue(ctx, t)
		case stock:
			err = s.importStock(ctx, t)
		case invoices:
			sales.file = f
			err = sales.read(ctx, t)
		}
		if err = cmp.Or(err, t.Close()); err != nil {
			return s.stopped(ctx, f, err)
		}
		s.summary.Files = append(s.summary.Files, FileSummary{Name: f.Name, Kind: k.String(), Rows: s.survey.files[i].Rows, Rejected: s.rejects.rows - before})
	}
	if sales == nil {
		return nil
	}
	if err := sales.finish(ctx); err != nil {
		return s.stopped(ctx, sales.file, err)
	}
	return nil
}

// stopped says what stands after an import was ended by an error.
func (s *session) stopped(ctx context.Context, f File, err error) error {
	if s.DryRun {
		return fmt.Errorf("trying the import of %s: nothing was changed: %w", f.Name, err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("importing %s: interrupted; what was recorded stands: run the same import again to continue: %w", f.Name, context.Cause(ctx))
	}
	return fmt.Errorf("importing %s: stopped; what was recorded stands: remove the cause and run the same import again to continue: %w", f.Name, err)
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

func (s *session) reject(t *table, r *row, why *refusal) {
	s.rejects.add(Reject{File: t.file.Name, Row: r.number, Rows: 1, Column: why.column, Value: why.value, Rule: why.rule, Advice: why.advice}, 0)
}

// survey is what a first reading of all files found.
type survey struct {
	files []FileSummary // in the order of Options.Files
	rows  int
	// left counts the rows that carry each document number.
	left map[string]int32
}

// look reads everything once: whether each file can be read to its end, what
// it is, and how many rows each document has.
func (s *session) look(ctx context.Context) (survey, error) {
	v := survey{left: map[string]int32{}}
	for _, f := range s.Files {
		t, err := openTable(s.profile, f)
		if err != nil {
			return v, err
		}
		rows := 0
		for err == nil {
			if rows%8192 == 0 {
				if err = ctx.Err(); err != nil {
					break
				}
				s.Progress(Step{Stage: "checking", Done: v.rows + rows})
			}
			var r *row
			if r, err = t.next(); err != nil {
				break
			}
			rows++
			if t.layout.kind == invoices && r.fields != nil {
				v.count(r.fields[colInvoice])
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if err = cmp.Or(err, t.Close()); err != nil {
			return v, err
		}
		if rows == 0 {
			return v, fmt.Errorf("reading %s: there is a header and no row under it: save or export it again", f.Name)
		}
		v.rows += rows
		v.files = append(v.files, FileSummary{Name: f.Name, Kind: t.layout.kind.String(), Rows: rows})
	}
	return v, nil
}
