// Package year recomputes the figures of the real year straight from its three
// files, by the definitions of the analytics and with no code of the system, so
// that what the system says can be checked against it. It is naive on purpose:
// exact fractions, every window from all lines.
package year

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Files are the paths of the three files.
type Files struct{ Sales, Products, Stock string }

// In names the three files in a directory, such as local/demo.
func In(dir string) Files {
	return Files{
		Sales:    filepath.Join(dir, "online-retail.csv.gz"),
		Products: filepath.Join(dir, "online-retail-products.csv"),
		Stock:    filepath.Join(dir, "online-retail-stock.csv"),
	}
}

// entry is a row that counts. Money is in pence.
type entry struct {
	document, code      string
	quantity, net, cost int64 // below zero on a credit note; a service costs nothing known
}

// paper is an invoice or credit note.
type paper struct {
	number, client string
	day            time.Time
	credit         bool
	lastRow        int
	net            int64
}

type article struct {
	name, category  string
	buy, sell       *big.Rat // pounds
	minMargin       int64    // basis points
	firstSold, sold time.Time
}

type batch struct {
	code, lot         string
	onHand            int64
	cost              *big.Rat // pounds
	received, expires time.Time
}

// books is the year as read.
type books struct {
	entries  []entry
	papers   map[string]*paper
	articles map[string]*article
	services map[string]string // code: the description it first came with
	batches  []batch
}

// rows reads a CSV file, gzipped if its name says so, and hands its rows on as
// column: value.
func rows(path string, f func(n int, r map[string]string) error) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening a file of the year: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var content io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if content, err = gzip.NewReader(file); err != nil {
			return fmt.Errorf("unpacking %s: %w", path, err)
		}
	}
	in := csv.NewReader(content)
	header, err := in.Read()
	if err != nil {
		return fmt.Errorf("reading the header of %s: %w", path, err)
	}
	r := map[string]string{}
	for n := 2; ; n++ {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		for i, name := range header {
			r[name] = fields[i]
		}
		if err := f(n, r); err != nil {
			return fmt.Errorf("reading row %d of %s: %w", n, path, err)
		}
	}
}

func number(s string) (*big.Rat, error) {
	v, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", s)
	}
	return v, nil
}

func day(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, s[:10])
}

var hundred, tenThousand = big.NewRat(100, 1), big.NewRat(10_000, 1)

// round rounds half to even.
func round(v *big.Rat) int64 {
	twice := new(big.Int).Lsh(v.Num(), 1)
	// floor of v + 1/2, which is one too much where v + 1/2 is whole and odd
	q, r := new(big.Int).DivMod(twice.Add(twice, v.Denom()), new(big.Int).Lsh(v.Denom(), 1), new(big.Int))
	if r.Sign() == 0 && q.Bit(0) == 1 {
		q.Sub(q, big.NewInt(1))
	}
	return q.Int64()
}

// pence is pounds × quantity, rounded half to even.
func pence(pounds *big.Rat, quantity int64) int64 {
	v := new(big.Rat).Mul(pounds, big.NewRat(quantity, 1))
	return round(v.Mul(v, hundred))
}

func read(f Files) (*books, error) {
	b := &books{papers: map[string]*paper{}, articles: map[string]*article{}, services: map[string]string{}}
	err := rows(f.Products, func(_ int, r map[string]string) error {
		buy, err1 := number(r["buy_price"])
		sell, err2 := number(r["sell_price"])
		margin, err3 := number(r["min_margin_pct"])
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		b.articles[r["product_id"]] = &article{name: r["name"], category: r["category"], buy: buy, sell: sell, minMargin: round(margin.Mul(margin, hundred))}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = rows(f.Stock, func(_ int, r map[string]string) error {
		cost, err1 := number(r["unit_cost"])
		quantity, err2 := number(r["quantity"])
		received, err3 := day(r["received_on"])
		expires, err4 := day(r["expiry_date"])
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return err
		}
		if !quantity.IsInt() {
			return fmt.Errorf("%s is not whole, as all quantities of the year are", r["quantity"])
		}
		b.batches = append(b.batches, batch{r["product_id"], r["lot"], quantity.Num().Int64(), cost, received, expires})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b, rows(f.Sales, b.sale)
}

// sale takes a row of the table, or leaves it out as the profile says.
func (b *books) sale(n int, r map[string]string) error {
	document := r["InvoiceNo"]
	plain := strings.TrimPrefix(document, "C")
	if len(plain) != 6 || strings.Trim(plain, "0123456789") != "" {
		return nil
	}
	p := b.papers[document]
	if p == nil {
		on, err := day(r["InvoiceDate"])
		if err != nil {
			return err
		}
		p = &paper{number: document, client: r["CustomerID"], day: on, credit: document[0] == 'C'}
		b.papers[document] = p
	}
	p.lastRow = n
	price, err1 := number(r["UnitPrice"])
	quantity, err2 := number(r["Quantity"])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if price.Sign() <= 0 || quantity.Sign() == 0 || (quantity.Sign() < 0) != p.credit {
		return nil
	}
	if !quantity.IsInt() {
		return fmt.Errorf("%s is not whole, as all quantities of the year are", r["Quantity"])
	}
	e := entry{document: document, code: r["StockCode"], quantity: quantity.Num().Int64()}
	e.net = pence(price, e.quantity)
	p.net += e.net
	if isService(e.code) {
		b.entries = append(b.entries, e)
		if _, there := b.services[e.code]; !there {
			b.services[e.code] = r["Description"]
		}
		return nil
	}
	a := b.articles[e.code]
	if a == nil {
		return fmt.Errorf("the catalogue has no %s", e.code)
	}
	e.cost = pence(a.buy, e.quantity)
	b.entries = append(b.entries, e)
	if !p.credit {
		if a.firstSold.IsZero() || p.day.Before(a.firstSold) {
			a.firstSold = p.day
		}
		if p.day.After(a.sold) {
			a.sold = p.day
		}
	}
	return nil
}

func isService(code string) bool {
	return len(code) < 5 || strings.Trim(code[:5], "0123456789") != ""
}
