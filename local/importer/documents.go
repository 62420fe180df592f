package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// A transaction takes so many documents, or fewer where they are long. Where
// one ends depends on the files alone, not on what is recorded already, so an
// import that continues an interrupted one makes the same transactions.
const (
	documentsPerBatch = 250
	linesPerBatch     = 20_000
	// A dry run puts the products of each batch again, so larger ones are cheaper.
	documentsPerTrial = 500
)

// document is one document whose rows are being gathered.
type document struct {
	number string
	credit bool
	client string
	date   event.Date // of its first row with one
	begun  bool       // a row gave client and date
	at     *table     // of its first row: good for naming cells even when it was closed
	first  int        // its first row
	rows   int        // how many were read
	lines  []line
	head   *head // nil: its rows say all of it
	// broken: a row of it has a fault, so it is left out as a whole.
	broken   bool
	discount money.Amount
}

type line struct {
	row         int
	code        string
	description string
	quantity    money.Quantity // above zero
	price       money.Price
	net         money.Amount // above zero; of quantity × price alone
	share       money.BasisPoints
	discount    money.Amount
	taxRate     money.BasisPoints
	restock     bool
}

func (d *document) net() (sum money.Amount, err error) {
	for _, l := range d.lines {
		if sum, err = money.Add(sum, l.net); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// ledgerLines are the lines as the ledger takes them.
func (d *document) ledgerLines() []ledger.Line {
	lines := make([]ledger.Line, len(d.lines))
	for i, l := range d.lines {
		lines[i] = ledger.Line{
			Product: l.code, Description: l.description, Quantity: l.quantity, UnitPrice: l.price,
			DiscountShare: l.share, Discount: l.discount, TaxRate: l.taxRate,
		}
	}
	return lines
}

// same tells whether the ledger has the document as the file has it.
func (d *document) same(have ledger.Document) bool {
	kind := ledger.KindInvoice
	if d.credit {
		kind = ledger.KindCreditNote
	}
	if have.Kind != kind || have.Client != d.client || have.Date != d.date || have.Discount != d.discount || len(have.Lines) != len(d.lines) {
		return false
	}
	for i, l := range d.lines {
		h := have.Lines[i]
		if h.Product != l.code || h.Quantity != l.quantity || h.UnitPrice != l.price ||
			h.DiscountShare != l.share || h.Discount != l.discount || h.TaxRate != l.taxRate {
			return false
		}
	}
	return true
}

// signed gives a magnitude the sign of the document.
func (d *document) signed(a money.Amount) money.Amount {
	if d.credit {
		return -a
	}
	return a
}

// recorder records documents in batches. Its profile's reader gathers them.
type recorder struct {
	*session
	open  map[string]*document
	texts interner
	// prepare makes what a document needs, or leaves out what cannot be had; a
	// document without lines is not recorded.
	prepare func(tx *ledger.Tx, d *document) error
	// locate says where in the file a document's fault is, by the ledger's name of the field.
	locate func(d *document, why *refusal)
	// check holds a document against what its head says of it.
	check func(tx *ledger.Tx, d *document) (*refusal, error)

	batch      []*document
	batchLines int
	at         *table
	row        int // the last one read
}

func newRecorder(s *session) *recorder {
	return &recorder{
		session: s, open: map[string]*document{}, texts: interner{},
		check: func(*ledger.Tx, *document) (*refusal, error) { return nil, nil },
	}
}

// ended hands a document on when its last row has been read.
func (s *recorder) ended(ctx context.Context, d *document) error {
	left := s.survey.left[d.number] - int32(d.rows)
	if left > 0 {
		return nil
	}
	if left < 0 {
		return fmt.Errorf("reading %s, row %d: the file changed while it was read: let its writer finish and import it again", d.at.file.Name, s.row)
	}
	delete(s.open, d.number)
	s.survey.left[d.number] = 0
	if d.broken && len(d.lines) > 0 {
		net, _ := d.net()
		s.rejects.withhold(len(d.lines), d.signed(net))
		d.lines = nil
	}
	if len(d.lines) == 0 {
		s.summary.Empty++
		return nil
	}
	s.batch = append(s.batch, d)
	s.batchLines += len(d.lines)
	most := documentsPerBatch
	if s.DryRun {
		most = documentsPerTrial
	}
	if len(s.batch) >= most || s.batchLines >= linesPerBatch {
		return s.flush(ctx)
	}
	return nil
}

// finish records the last documents.
func (s *recorder) finish(ctx context.Context) error {
	for number, d := range s.open {
		return fmt.Errorf("reading %s: the file changed while it was read: rows of the document %s that were there are gone: let its writer finish and import it again", d.at.file.Name, number)
	}
	return s.flush(ctx)
}

func (s *recorder) flush(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	err := s.together(ctx, func(tx *ledger.Tx) error {
		for _, d := range s.batch {
			if err := s.record(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return recording("documents", s.row, err)
	}
	clear(s.batch)
	s.batch, s.batchLines = s.batch[:0], 0
	return nil
}

// record records one document, or says why not.
func (s *recorder) record(tx *ledger.Tx, d *document) error {
	if have, ok, err := tx.ByReference(d.number); err != nil {
		return err
	} else if ok {
		return s.known(d, have)
	}
	if err := s.prepare(tx, d); err != nil || len(d.lines) == 0 {
		return err
	}
	if _, err := d.net(); err != nil {
		return s.rejectDocument(d, "", "", err)
	}
	why, err := s.check(tx, d)
	if err == nil && why != nil {
		s.leaveOut(d, why)
		return nil
	}
	var made ledger.Document
	if err == nil {
		made, err = s.enter(tx, d)
	}
	if err != nil {
		return s.rejectDocument(d, "", "", err)
	}
	totals := &s.summary.Sales
	if d.credit {
		totals = &s.summary.Returns
	}
	totals.Documents++
	totals.Lines += len(d.lines)
	if totals.Net, err = money.Add(totals.Net, made.Net); err != nil {
		return err
	}
	return s.summary.addMonth(made)
}

func (s *recorder) enter(tx *ledger.Tx, d *document) (ledger.Document, error) {
	if !d.credit {
		return tx.Invoice(ledger.Invoice{Reference: d.number, Client: d.client, Date: d.date, Lines: d.ledgerLines(), Discount: d.discount})
	}
	note := ledger.CreditNote{Reference: d.number, Client: d.client, Date: d.date, Lines: make([]ledger.ReturnLine, len(d.lines)), Discount: d.discount}
	for i, l := range d.ledgerLines() {
		note.Lines[i] = ledger.ReturnLine{Line: l, Restock: d.lines[i].restock}
	}
	return tx.CreditNote(note)
}

// known counts a document that is in the ledger already.
func (s *recorder) known(d *document, have ledger.Document) error {
	if !d.same(have) {
		return s.rejectDocument(d, s.profile.layout(invoices).columns[colInvoice].name, d.number, taken(d, have))
	}
	s.summary.Already.Documents++
	s.summary.Already.Lines += len(d.lines)
	if have.VoidedOn != event.NoDate {
		s.summary.Voided++
	}
	if len(s.summary.Known) < Printed {
		s.summary.Known = append(s.summary.Known, Known{Number: d.number, Document: have.ID, Entry: have.Entry, File: d.at.file.Name, Sheet: d.at.sheet.Name, Row: d.first, Rows: d.rows, Voided: have.VoidedOn != event.NoDate})
	}
	net, err := money.Add(s.summary.Already.Net, d.signed(have.Net))
	s.summary.Already.Net = net
	if err == nil {
		err = s.summary.addMonth(have)
	}
	return err
}

// taken refuses a document of another content whose number the ledger has.
func taken(d *document, have ledger.Document) *ledger.RuleError {
	if have.VoidedOn != event.NoDate {
		return &ledger.RuleError{
			Field:  "reference",
			Rule:   "a document that was voided stays so, and its number stays taken",
			Advice: "it is that of " + have.ID + ", which is voided: give the corrected document another number, such as " + d.number + "-2",
		}
	}
	return &ledger.RuleError{
		Field:  "reference",
		Rule:   "a document that is recorded already keeps its content",
		Advice: "compare it with " + have.ID + " in the ledger; to correct that one, void it and enter it anew under a number of its own",
	}
}

// rejectDocument leaves out a document as a whole.
func (s *recorder) rejectDocument(d *document, column, value string, err error) error {
	var why *refusal
	if errors.Is(err, money.ErrOverflow) {
		why = &refusal{column: s.profile.layout(invoices).columns[colInvoice].name, value: d.number, rule: "the lines of a document add up to an amount that books can hold", advice: "correct its quantities and prices"}
	} else if why, err = refused(err, column, value); err != nil {
		return err
	}
	s.locate(d, why)
	s.leaveOut(d, why)
	return nil
}

func (s *recorder) leaveOut(d *document, why *refusal) {
	net, _ := d.net()
	t, row := d.at, cmp.Or(why.at, d.first)
	if why.head != nil {
		t, row = why.head.table, why.head.row
	}
	j := t.rejected(row, why)
	j.Rows = len(d.lines)
	s.rejects.add(j, d.signed(net))
}

// interner keeps one copy of each text that is seen again and again, and
// forgets them all when they are many, so that it does not grow with the file.
type interner map[string]string

func (m interner) get(s string) string {
	if v, ok := m[s]; ok {
		return v
	}
	if len(m) >= 1<<16 {
		clear(m)
	}
	v := strings.Clone(s)
	m[v] = v
	return v
}
