package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing/synctest"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// image is the file of a ledger without entries, made once and copied for each history.
type image struct {
	dir   string // in memory where the system has such a place
	files map[int][]byte
}

// maxPartitions bounds the partitions of a history's ledger.
const maxPartitions = 3

func newImage(dir string) (*image, error) {
	m := &image{dir: dir, files: map[int][]byte{}}
	for n := 1; n <= maxPartitions; n++ {
		path := filepath.Join(dir, fmt.Sprintf("image-%d.db", n))
		l, err := ledger.Create(context.Background(), path, ledger.Setup{Currency: currency, Partitions: n}, ledger.Options{
			Random: randomBytes(uint64(n)), Now: func() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) },
		})
		if err != nil {
			return nil, err
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		if m.files[n], err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func randomBytes(seed uint64) io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return rand.NewChaCha8(key)
}

// openLedger opens the history's ledger, as a process does that starts.
func (h *history) openLedger() {
	l, err := ledger.Open(context.Background(), h.path, ledger.Options{Random: h.random, Now: func() time.Time { return h.now().Add(h.ledgerSkew()) }})
	if err != nil {
		h.fail("opening the ledger: %v", err)
		return
	}
	h.ledger = l
}

func (h *history) closeLedger() {
	if h.ledger == nil {
		return
	}
	if err := h.ledger.Close(); err != nil {
		h.fail("closing the ledger: %v", err)
	}
	h.ledger = nil
}

// paper is a document as the books have it, kept beside the ledger to check it.
type paper struct {
	ledger.Document
	void bool
}

// shelf is what receipts and counts say of one product's stock.
type shelf struct {
	product  string
	date     event.Date
	quantity money.Quantity
	counted  bool // all that there is at the end of the date; otherwise it comes to it
}

var errRollback = errors.New("simulated: the program that records fails")

// record runs f as one transaction of the ledger, and fails it on purpose where
// undo is set: then nothing of it may ever be seen.
func (h *history) record(r *rand.Rand, undo bool, f func(tx *ledger.Tx) error) {
	papers, shelves := h.papers, h.shelves
	h.papers = append([]paper(nil), h.papers...)
	keep := h.ledger.Record
	if r.IntN(4) == 0 {
		keep = h.ledger.RecordBulk
	}
	err := keep(context.Background(), "accountant", func(tx *ledger.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		if undo {
			return errRollback
		}
		return nil
	})
	synctest.Wait() // a bulk sleeps for a moment, and others work meanwhile
	var rule *ledger.RuleError
	switch {
	case err == nil:
	case undo && errors.Is(err, errRollback), errors.As(err, &rule):
		h.papers, h.shelves = papers, shelves
		h.count("entry refused or rolled back")
	default:
		h.fail("recording: %v", err)
	}
}

// enter records one to three entries in a transaction.
func (h *history) enter(r *rand.Rand, undo bool) {
	h.record(r, undo, func(tx *ledger.Tx) error {
		for range 1 + r.IntN(3) {
			if err := h.entry(r, tx); err != nil {
				var rule *ledger.RuleError
				if !errors.As(err, &rule) {
					return err
				}
				h.count("entry refused by a rule")
				continue
			}
			h.count("entry")
		}
		return nil
	})
}

// entry records one entry of any kind.
func (h *history) entry(r *rand.Rand, tx *ledger.Tx) error {
	product, today := h.products[r.IntN(len(h.products))], h.ledger.Today()
	switch r.IntN(16) {
	case 0:
		return h.putProduct(r, tx, product)
	case 1:
		_, err := tx.PutClient(ledger.Client{ID: "C" + strconv.Itoa(1+r.IntN(3)), Name: "client " + strconv.Itoa(r.IntN(50))})
		return err
	case 2, 3:
		v := ledger.StockReceipt{Product: product, Date: h.date(r, today), Quantity: quantity(r), UnitCost: maybe(r, 600), ExpiryDate: expiry(r, today)}
		_, err := tx.Receive(v)
		if err == nil {
			h.shelves = append(h.shelves, shelf{product: product, date: v.Date, quantity: v.Quantity})
		}
		return err
	case 4:
		return h.countStock(r, tx, product, today)
	case 5, 6:
		return h.takeBack(r, tx, today)
	case 7:
		return h.refund(r, tx, product, today)
	case 8, 9:
		return h.void(r, tx)
	case 10:
		if p := h.pick(r, ledger.KindInvoice); p != nil {
			_, err := tx.SetCost(ledger.CostSetting{Document: p.ID, Product: p.Lines[0].Product, UnitCost: money.Price(r.IntN(9_000_000))})
			return err
		}
		fallthrough
	default:
		return h.sell(r, tx, today)
	}
}

func (h *history) sell(r *rand.Rand, tx *ledger.Tx, today event.Date) error {
	v := ledger.Invoice{Date: h.date(r, today), Client: h.buyer(r)}
	if r.IntN(12) == 0 {
		v.Date, v.AllowFuture = today+event.Date(1+r.IntN(40)), true
	}
	for range 1 + r.IntN(4) {
		v.Lines = append(v.Lines, h.line(r))
	}
	if r.IntN(4) == 0 {
		v.Discount = money.Amount(r.IntN(40))
	}
	d, err := tx.Invoice(v)
	if err == nil {
		h.papers = append(h.papers, paper{Document: d})
	}
	return err
}

func (h *history) line(r *rand.Rand) ledger.Line {
	l := ledger.Line{
		Product: h.products[r.IntN(len(h.products))], Description: "as sold", Quantity: quantity(r),
		UnitPrice: money.Price(r.IntN(30_000_000)), TaxRate: money.BasisPoints(r.IntN(3) * 1000),
	}
	switch r.IntN(5) {
	case 0:
		l.DiscountShare = money.BasisPoints(r.IntN(5000))
	case 1:
		l.Discount = money.Amount(r.IntN(10))
	}
	return l
}

// takeBack records a return that is linked to an invoice.
func (h *history) takeBack(r *rand.Rand, tx *ledger.Tx, today event.Date) error {
	p := h.pick(r, ledger.KindInvoice)
	if p == nil {
		return h.sell(r, tx, today)
	}
	line := p.Lines[r.IntN(len(p.Lines))]
	q := line.Quantity
	if r.IntN(2) == 0 {
		q = max(1, q/money.Quantity(2+r.IntN(3)))
	}
	d, err := tx.CreditNote(ledger.CreditNote{
		Invoice: p.ID, Date: max(p.Date, today-event.Date(r.IntN(5))), AllowFuture: true,
		Lines: []ledger.ReturnLine{{InvoiceLine: line.Number, Line: ledger.Line{Quantity: q}, Restock: r.IntN(3) > 0}},
	})
	if err == nil {
		h.papers = append(h.papers, paper{Document: d})
	}
	return err
}

// refund records a return that belongs to no invoice.
func (h *history) refund(r *rand.Rand, tx *ledger.Tx, product string, today event.Date) error {
	line := h.line(r)
	line.Product = product
	d, err := tx.CreditNote(ledger.CreditNote{Client: h.buyer(r), Date: h.date(r, today), Lines: []ledger.ReturnLine{{Line: line, Restock: r.IntN(2) == 0}}})
	if err == nil {
		h.papers = append(h.papers, paper{Document: d})
	}
	return err
}

func (h *history) void(r *rand.Rand, tx *ledger.Tx) error {
	if len(h.papers) == 0 {
		return nil
	}
	i := r.IntN(len(h.papers))
	_, err := tx.Void(ledger.Void{Document: h.papers[i].ID, Reason: "a mistake"})
	if err == nil {
		h.papers[i].void = true
	}
	return err
}

func (h *history) countStock(r *rand.Rand, tx *ledger.Tx, product string, today event.Date) error {
	c := ledger.CountedProduct{Product: product}
	for n := range r.IntN(4) {
		c.Lots = append(c.Lots, ledger.CountedLot{Lot: "K" + strconv.Itoa(n), OnHand: quantity(r), UnitCost: maybe(r, 500), ReceivedOn: today - event.Date(r.IntN(60)), ExpiryDate: expiry(r, today)})
	}
	s := shelf{product: product, date: h.date(r, today), counted: true}
	for _, l := range c.Lots {
		s.quantity += l.OnHand
	}
	_, err := tx.Count(ledger.StockCount{Date: s.date, Products: []ledger.CountedProduct{c}})
	if err == nil {
		h.shelves = append(h.shelves, s)
	}
	return err
}

func (h *history) putProduct(r *rand.Rand, tx *ledger.Tx, id string) error {
	p := ledger.Product{ID: id, Name: id + " no. " + strconv.Itoa(r.IntN(30)), Category: "c" + strconv.Itoa(r.IntN(3)), Kind: event.KindStock, BuyPrice: maybe(r, 500), SellPrice: maybe(r, 2000)}
	if id == "S1" {
		p.Kind = event.KindService
	}
	if r.IntN(2) == 0 {
		p.MinMargin = money.NullBasisPoints{BasisPoints: money.BasisPoints(r.IntN(6000)), Valid: true}
	}
	_, err := tx.PutProduct(p)
	return err
}

// openShop puts the catalogue and the clients into the ledger.
func (h *history) openShop() {
	r := rand.New(rand.NewPCG(h.plan.seed, 3))
	h.record(r, false, func(tx *ledger.Tx) error {
		for _, id := range h.products {
			if err := h.putProduct(r, tx, id); err != nil {
				return err
			}
		}
		for _, id := range []string{"C1", "C2", "C3"} {
			if _, err := tx.PutClient(ledger.Client{ID: id, Name: "client " + id}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (h *history) pick(r *rand.Rand, kind ledger.DocumentKind) *paper {
	var all []int
	for i := range h.papers {
		if h.papers[i].Kind == kind && !h.papers[i].void {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &h.papers[all[r.IntN(len(all))]]
}

func (h *history) buyer(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return ""
	}
	return "C" + strconv.Itoa(1+r.IntN(3))
}

// date draws a business date: mostly of these days, some old ones.
func (h *history) date(r *rand.Rand, today event.Date) event.Date {
	if r.IntN(3) > 0 {
		return today - event.Date(r.IntN(3))
	}
	return today - event.Date(r.IntN(80))
}

func quantity(r *rand.Rand) money.Quantity {
	q := money.Quantity(1+r.IntN(12)) * money.PerUnit
	if r.IntN(3) == 0 {
		q += money.Quantity(r.IntN(1000))
	}
	return q
}

func maybe(r *rand.Rand, below int) money.NullAmount {
	if r.IntN(3) == 0 {
		return money.NullAmount{}
	}
	return money.Some(money.Amount(1 + r.IntN(below)))
}

func expiry(r *rand.Rand, today event.Date) event.Date {
	if r.IntN(2) == 0 {
		return event.NoDate
	}
	return today + event.Date(r.IntN(60)-10)
}
