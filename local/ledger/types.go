package ledger

import (
	"fmt"
	"io"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Setup is what a ledger is made with and keeps for ever.
type Setup struct {
	Currency money.Currency
	// Partitions is over how many partitions the keys of each topic are spread.
	Partitions int
}

// Options are those of a process, not of the ledger.
type Options struct {
	// Now is the clock; time.Now where nil.
	Now func() time.Time
	// Zone is the shop's time zone, UTC where nil: it decides which day "today" is.
	Zone *time.Location
	// BusinessDate fixes today; event.NoDate takes it from the clock and the zone.
	BusinessDate event.Date
	// Random is what the ids of ledgers and events are made of; crypto/rand's
	// where nil.
	Random io.Reader
}

// Product is a catalogue entry. Prices are of one unit, in minor units.
type Product struct {
	ID, Name, Category  string
	Kind                event.Kind
	BuyPrice, SellPrice money.NullAmount
	MinMargin           money.NullBasisPoints
	Archived            bool
}

// Client is somebody who buys under their name.
type Client struct {
	ID, Name string
	Archived bool
}

// Line is one line of an invoice, or of a free credit note. Its net is
// quantity × unit price (half to even), less the discount, less its part of
// the document's discount; without tax.
type Line struct {
	Product     string
	Description string
	Quantity    money.Quantity // above zero
	UnitPrice   money.Price    // without tax, zero or above
	// DiscountShare or Discount lowers the line, never both: a share in basis
	// points (rounded half to even), or an amount in minor units.
	DiscountShare money.BasisPoints
	Discount      money.Amount
	TaxRate       money.BasisPoints
}

// Invoice is a sale as it is written down.
type Invoice struct {
	// Reference is its number in the books that it comes from: unique in the ledger, "" for none.
	Reference string
	Client    string // "" is an anonymous sale
	Date      event.Date
	Lines     []Line
	// Discount of the whole document in minor units, spread over the lines'
	// nets by largest remainder.
	Discount    money.Amount
	AllowFuture bool
}

// CreditNote takes back what was sold: linked to an invoice, or free.
type CreditNote struct {
	Reference string
	// Invoice is the document id of the invoice; "" makes a free credit note.
	Invoice string
	// Client of a free credit note, "" for none. That of a linked one is the
	// invoice's: left "" or equal to it.
	Client      string
	Date        event.Date
	Lines       []ReturnLine
	Discount    money.Amount // free ones only: of the whole document
	AllowFuture bool
}

// ReturnLine is one line of a credit note.
type ReturnLine struct {
	InvoiceLine int  // 1-based; linked credit notes only
	Line        Line // free: the whole; linked: only Quantity counts
	Restock     bool // the goods go back on the shelf
}

// Void takes a document back as if it had never been.
type Void struct {
	Reference string
	Document  string // its id
	Reason    string
	Date      event.Date // of the void itself; NoDate is today
}

// StockReceipt is a delivery of one product, or of one lot of it.
type StockReceipt struct {
	// Reference is the delivery note, which may list other products and lots too; each
	// of them is received once.
	Reference string
	Product   string
	Date      event.Date
	// Lot is the batch; "" names it after the receipt's own number.
	Lot        string
	Quantity   money.Quantity
	UnitCost   money.NullAmount // minor units; null leaves the moving average alone
	ExpiryDate event.Date       // NoDate: does not expire
}

// StockCount says what was on the shelf at the end of its date. It replaces
// all lots of the products that it names, and of no others.
type StockCount struct {
	Reference string
	Date      event.Date
	Products  []CountedProduct
}

// CountedProduct is one product of a count; without lots nothing was there.
type CountedProduct struct {
	Product string
	Lots    []CountedLot
}

// CountedLot is a batch as it was counted. ReceivedOn NoDate is the count's date.
type CountedLot struct {
	Lot                    string // "" names it after the count's own number
	OnHand                 money.Quantity
	UnitCost               money.NullAmount
	ReceivedOn, ExpiryDate event.Date
}

// CostSetting gives the cost of one unit to the lines of a product in an
// invoice or a free credit note that were recorded without one. It is possible
// once; linked returns follow their invoice's lines.
type CostSetting struct {
	Reference string
	Document  string
	Product   string
	UnitCost  money.Price // ten-thousandths of a minor unit
	Date      event.Date  // NoDate is today
}

// DocumentKind is what a document is.
type DocumentKind string

// The kinds of document.
const (
	KindInvoice    DocumentKind = "invoice"
	KindCreditNote DocumentKind = "credit_note"
)

// Document is a recorded invoice or credit note. Amounts are magnitudes in
// minor units, of a credit note as well: its kind gives the sign.
type Document struct {
	ID              string // INV-000001, CN-000001: without holes per kind
	Kind            DocumentKind
	Reference       string
	Invoice         string // id of the invoice that a linked credit note belongs to
	Client          string
	Date            event.Date
	Discount        money.Amount
	Net, Tax, Total money.Amount
	VoidedOn        event.Date // NoDate: it stands
	VoidReason      string
	Entry           int64
	Lines           []DocumentLine
	Taxes           []DocumentTax // by rate, ascending; rates above zero
}

// DocumentTax is the tax of a document at one rate, rounded once.
type DocumentTax struct {
	Rate     money.BasisPoints
	Net, Tax money.Amount
}

// DocumentLine is a line as recorded.
type DocumentLine struct {
	Number int // from 1
	Line
	// DocumentDiscount is the line's part of the document's discount.
	DocumentDiscount money.Amount
	// Net is the revenue without tax after all discounts; Cost is frozen.
	Net         money.Amount
	Cost        money.NullAmount
	InvoiceLine int // of a linked credit note
	Restock     bool
	Returned    money.Quantity // of an invoice line: by live credit notes
}

// EntryKind is what an entry records.
type EntryKind string

// The kinds of entry.
const (
	EntryProduct    EntryKind = "product"
	EntryClient     EntryKind = "client"
	EntryInvoice    EntryKind = "invoice"
	EntryCreditNote EntryKind = "credit_note"
	EntryVoid       EntryKind = "void"
	EntryReceipt    EntryKind = "receipt"
	EntryCount      EntryKind = "count"
	EntryCost       EntryKind = "cost"
	EntryClose      EntryKind = "close"
	EntrySettle     EntryKind = "settle"
)

// Entry is one act of book-keeping: who did what, and when.
type Entry struct {
	ID        int64 // ascending in the order of recording
	Kind      EntryKind
	Reference string
	Who       string
	At        time.Time  // when it was recorded; never goes back
	Date      event.Date // business date
	Subject   string     // the document, product or client that it is about
	Reason    string
}

// Logged is an event as the log holds it: what the relay publishes.
type Logged struct {
	event.Attributes
	Data []byte // JSON; not to be changed
}

// RuleError says why an entry is refused. Nothing of that entry was recorded;
// its transaction may go on.
type RuleError struct {
	Code   string // a word for programs, such as closed_period
	Field  string // what is wrong: date, lines[2].quantity
	Value  string // as it was given
	Rule   string // what holds
	Advice string // what to do
}

// Error is one sentence.
func (e *RuleError) Error() string {
	return fmt.Sprintf("%s %q: %s; %s", e.Field, e.Value, e.Rule, e.Advice)
}
