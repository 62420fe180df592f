package importer

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"

	"github.com/dustin/go-humanize"
)

// Summary is what an import did, or of a dry run what it would do. Rows =
// lines recorded + lines recorded before + rows rejected, per kind of table.
type Summary struct {
	DryRun   bool
	Currency money.Currency
	Files    []FileSummary // in the order in which they were applied

	Products Changes // catalogue rows
	Created  Created // by rows of documents
	Stock    StockSummary
	// StockDate is the business date of the count.
	StockDate      event.Date
	CreatedClients int

	Sales, Returns Totals // what was recorded; Net is a magnitude
	Already        Totals // what was recorded before; Net is sales less returns
	Empty          int    // documents of which no row is left

	Rejected    int // rows
	Rules       []RuleCount
	Rejects     []Reject // the first Printed
	RejectsFile string

	Took time.Duration
}

// FileSummary is one file: its kind in words and its rows below the header.
type FileSummary struct {
	Name, Kind     string
	Rows, Rejected int
}

// Changes counts catalogue entries.
type Changes struct{ Created, Changed, Unchanged int }

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
	return s.Products.Created+s.Products.Changed+s.Stock.Lots+s.Sales.Documents+s.Returns.Documents > 0
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
	for _, f := range s.Files {
		say("%s: %s, %s", f.Name, f.Kind, counted(f.Rows, "row"))
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
	s.rejected(say)
	switch {
	case s.Recorded():
	case s.Already.Documents+s.Stock.AlreadyLots+s.Products.Unchanged > 0:
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
	if s.Empty > 0 {
		say("Left out       %s without one good row", counted(s.Empty, "document"))
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
	shown := 0
	for _, r := range s.Rejects {
		shown += r.Rows
	}
	switch more := s.Rejected - shown; {
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
