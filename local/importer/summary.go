package importer

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"

	"github.com/dustin/go-humanize"
)

// Summary is what an import did, or of a dry run what it would do. Rows =
// lines recorded + lines recorded before + rows rejected, per kind of table
// (a row of Invoices is no line: it counts where it is rejected itself).
type Summary struct {
	DryRun bool
	// TakenBack: nothing was recorded, because a row was rejected and the import was to be all or nothing.
	TakenBack bool
	Currency  money.Currency
	Files     []FileSummary // in the order in which they were applied

	// Import is its number in the ledger's history; 0 of a dry run.
	Import int64

	Products Changes // catalogue rows
	Clients  Changes // rows of clients
	Created  Created // by rows of documents
	Stock    StockSummary
	// StockDate is the business date of the count.
	StockDate      event.Date
	CreatedClients int

	Sales, Returns Totals  // what was recorded; Net is a magnitude
	Already        Totals  // what was recorded before; Net is sales less returns
	Voided         int     // of Already: documents that were voided since
	Known          []Known // of Already: the first Printed
	Empty          int     // documents of which no row is left
	Months         []Month // of all good documents, whether recorded now or before; ascending
	// Notes are what is not read: columns without a known name, sheets, cells outside of the columns.
	Notes []string

	Rejected    int // rows
	Withheld    int // of Rejected: good rows, of which another one of the same document or product has a fault
	Rules       []RuleCount
	Rejects     []Reject // the first Printed
	RejectsFile string
	MarkedFile  string // the copy with its faults marked; "" where there is none
	Unmarked    string // why there is none where one was asked for

	Took time.Duration
}

// FileSummary is one file: its kind in words and its rows below the header.
type FileSummary struct {
	Name, Sheet, Kind string
	Rows, Rejected    int
}

// Known is a document that was recorded before, and where it stands in the files.
type Known struct {
	Number, Document string // its number in the files, its id in the ledger
	Entry            int64  // that recorded it
	File, Sheet      string
	Row, Rows        int // the first of its rows, and how many there are
	Voided           bool
}

func (k Known) String() string {
	text := fmt.Sprintf("%s is %s: %s from row %d", k.Number, k.Document, counted(k.Rows, "row"), k.Row)
	if k.Voided {
		text += "; it was voided, and stays so: give a corrected one a number of its own"
	}
	return text
}

// Month is what the good documents of a month come to, sales less returns, to be
// compared with other books. Amounts are in minor units.
type Month struct {
	Month                 string // 2026-04
	Invoices, CreditNotes int
	Net, Tax, Total       money.Amount
}

// addMonth counts a document in its month.
func (s *Summary) addMonth(d ledger.Document) error {
	month := d.Date.String()[:7]
	i, there := slices.BinarySearchFunc(s.Months, month, func(m Month, name string) int { return strings.Compare(m.Month, name) })
	if !there {
		s.Months = slices.Insert(s.Months, i, Month{Month: month})
	}
	m := &s.Months[i]
	sign := money.Amount(1)
	if d.Kind == ledger.KindCreditNote {
		sign = -1
		m.CreditNotes++
	} else {
		m.Invoices++
	}
	var err error
	for _, sum := range []struct {
		to  *money.Amount
		add money.Amount
	}{{&m.Net, d.Net}, {&m.Tax, d.Tax}, {&m.Total, d.Total}} {
		if *sum.to, err = money.Add(*sum.to, sign*sum.add); err != nil {
			return err
		}
	}
	return nil
}

// AllMonths is what all of them come to; its Month is "".
func (s Summary) AllMonths() (all Month) {
	for _, m := range s.Months {
		all.Invoices, all.CreditNotes = all.Invoices+m.Invoices, all.CreditNotes+m.CreditNotes
		all.Net, all.Tax, all.Total = all.Net+m.Net, all.Tax+m.Tax, all.Total+m.Total
	}
	return all
}

// Changes counts catalogue entries.
type Changes struct{ Created, Changed, Unchanged int }

// count counts one that was put there, whether it existed before or not.
func (c *Changes) count(existed, changed bool) {
	switch {
	case !existed:
		c.Created++
	case changed:
		c.Changed++
	default:
		c.Unchanged++
	}
}

// StockSummary is what became of the stock count.
type StockSummary struct {
	Lots, Products int
	AlreadyLots    int
	AlreadyOn      event.Date
}

// Totals counts documents; Net is their revenue in minor units.
type Totals struct {
	Documents, Lines int
	Net              money.Amount
}

// Rows is how many rows all files have.
func (s Summary) Rows() (n int) {
	for _, f := range s.Files {
		n += f.Rows
	}
	return n
}

// Recorded tells whether anything was (or in a dry run would be) recorded.
func (s Summary) Recorded() bool {
	return !s.TakenBack && s.Products.Created+s.Products.Changed+s.Clients.Created+s.Clients.Changed+s.Stock.Lots+s.Sales.Documents+s.Returns.Documents > 0
}

// Print writes the summary for a person.
func (s Summary) Print(w io.Writer) error {
	var b bytes.Buffer
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	verb := "recorded"
	if s.DryRun {
		verb = "would be recorded"
		say("Dry run: nothing was changed.")
	}
	if s.TakenBack {
		verb = "would be recorded"
		say("Nothing was recorded: a row is rejected, and it was to be all or nothing.")
	}
	for _, f := range s.Files {
		say("%s: %s, %s", placeName(f.Name, f.Sheet), f.Kind, counted(f.Rows, "row"))
	}
	for _, n := range s.Notes {
		say("Not read       %s", n)
	}
	if c := s.Products; c != (Changes{}) {
		say("Catalogue      %s created, %s changed, %s as they were", number(c.Created), number(c.Changed), number(c.Unchanged))
	}
	if s.Created.Services > 0 {
		say("Services       %s created from codes that do not begin with five digits", number(s.Created.Services))
	}
	if s.Created.Uncosted > 0 {
		say("No catalogue   %s created without a cost: give them a buy price, or their profit stays unknown", counted(s.Created.Uncosted, "product"))
	}
	if c := s.Clients; c != (Changes{}) {
		say("Clients        %s created, %s changed, %s as they were", number(c.Created), number(c.Changed), number(c.Unchanged))
	}
	if s.CreatedClients > 0 {
		say("Clients        %s created", number(s.CreatedClients))
	}
	if s.Stock.Lots > 0 {
		say("Stock          %s of %s counted on %s", counted(s.Stock.Lots, "lot"), counted(s.Stock.Products, "product"), s.StockDate)
	}
	if s.Stock.AlreadyLots > 0 {
		say("Stock          already recorded on %s (%s)", s.Stock.AlreadyOn, counted(s.Stock.AlreadyLots, "lot"))
	}
	s.documents(say, verb)
	s.months(say)
	s.rejected(say)
	switch {
	case s.Recorded(), s.TakenBack:
	case s.Already.Documents+s.Stock.AlreadyLots+s.Products.Unchanged+s.Clients.Unchanged > 0:
		say("Nothing new: every good row of these files is recorded already.")
	default:
		say("Nothing was recorded: no row is good.")
	}
	if seconds := s.Took.Seconds(); seconds > 0 {
		say("%s in %.1f s (%s rows a second)", counted(s.Rows(), "row"), seconds, number(int(float64(s.Rows())/seconds)))
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (s Summary) documents(say func(string, ...any), verb string) {
	if s.Sales.Documents > 0 {
		say("Sales          %s, %s, net %s %s %s", counted(s.Sales.Documents, "invoice"), counted(s.Sales.Lines, "line"), s.amount(s.Sales.Net), s.Currency, verb)
	}
	if s.Returns.Documents > 0 {
		say("Returns        %s, %s, net %s %s %s", counted(s.Returns.Documents, "credit note"), counted(s.Returns.Lines, "line"), s.amount(s.Returns.Net), s.Currency, verb)
	}
	if s.Sales.Documents > 0 && s.Returns.Documents > 0 {
		say("               sales less returns %s %s", s.amount(s.Sales.Net-s.Returns.Net), s.Currency)
	}
	if s.Already.Documents > 0 {
		say("Skipped        %s, %s already recorded (net %s %s)", counted(s.Already.Documents, "document"), counted(s.Already.Lines, "line"), s.amount(s.Already.Net), s.Currency)
	}
	for _, k := range s.Known {
		say("  %s", k)
	}
	if more := s.Already.Documents - len(s.Known); len(s.Known) > 0 && more > 0 {
		say("  and %s more", number(more))
	}
	if s.Voided > 0 {
		say("               %s of them voided since", number(s.Voided))
	}
	if s.Empty > 0 {
		say("Left out       %s without one good row", counted(s.Empty, "document"))
	}
}

func (s Summary) months(say func(string, ...any)) {
	if len(s.Months) == 0 {
		return
	}
	say("%-9s %9s %13s %16s %14s %16s", "Month", "invoices", "credit notes", "net "+string(s.Currency), "tax", "total")
	for _, m := range append(slices.Clone(s.Months), s.AllMonths()) {
		say("%-9s %9s %13s %16s %14s %16s", cmp.Or(m.Month, "all"), number(m.Invoices), number(m.CreditNotes), s.amount(m.Net), s.amount(m.Tax), s.amount(m.Total))
	}
}

func (s Summary) rejected(say func(string, ...any)) {
	if s.Rejected == 0 {
		return
	}
	say("Rejected       %s:", counted(s.Rejected, "row"))
	for _, r := range s.Rules {
		say("  %9s  %s (%s %s)", number(r.Rows), r.Rule, s.amount(r.Net), s.Currency)
	}
	for _, r := range s.Rejects {
		say("  %s", r)
	}
	if s.Unmarked != "" {
		say("  %s", s.Unmarked)
	}
	shown := s.Withheld
	for _, r := range s.Rejects {
		shown += r.Rows
	}
	switch more := s.Rejected - shown; {
	case s.MarkedFile != "":
		say("  marked in %s: repair it there and import that file", s.MarkedFile)
	case s.RejectsFile != "":
		say("  all of them: %s", s.RejectsFile)
	case more > 0:
		say("  and %s more: write all of them to a file with --rejects FILE.csv", number(more))
	}
}

func (s Summary) amount(a money.Amount) string {
	text := a.Format(s.Currency)
	sign, whole, fraction := "", text, ""
	if whole[0] == '-' {
		sign, whole = "-", whole[1:]
	}
	if d := s.Currency.Digits(); d > 0 {
		whole, fraction = whole[:len(whole)-d-1], whole[len(whole)-d-1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + fraction
}

func number(n int) string { return humanize.Comma(int64(n)) }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}
