package importer

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// head is a row of a sheet Invoices.
type head struct {
	table    *table
	row      int
	number   string
	credit   bool
	client   string
	date     event.Date
	discount money.Amount
	// What it says its lines come to, to be held against them.
	net, tax, total money.NullAmount
	broken          bool
	used            bool // a row of its lines was read
}

func types() map[string]bool {
	return map[string]bool{
		"invoice": false, "facture": false, "sale": false, "vente": false,
		"creditnote": true, "avoir": true, "return": true, "retour": true, "credit": true,
	}
}

const (
	typeRule   = "a document is an invoice or a credit note"
	typeAdvice = "write invoice or credit note"
)

// ownSales records the documents of the sheets Invoices and Invoice_Details. A document
// is recorded as a whole or not at all.
type ownSales struct {
	*recorder
	heads map[string]*head
	order []*head
}

func newOwnSales(s *session) *ownSales {
	o := &ownSales{recorder: newRecorder(s), heads: map[string]*head{}}
	o.prepare, o.locate, o.check = o.ready, o.name, o.compare
	return o
}

// readHeads reads a sheet Invoices.
func (s *ownSales) readHeads(ctx context.Context, t *table) error {
	c := cells{table: t, currency: s.summary.Currency}
	seen := map[string]int{}
	return s.each(ctx, t, func(r *row) error {
		if !c.read(r) {
			s.refuseRow(t, r, c.faults)
			return nil
		}
		h := &head{
			table: t, row: r.number, number: c.id(headNumber), client: s.texts.get(c.text(headClient)), date: c.date(headDate),
			credit: choice(&c, headType, false, types(), typeRule, typeAdvice), discount: c.amount(headDiscount).Amount,
			net: c.amount(headNet), tax: c.amount(headTax), total: c.amount(headTotal),
		}
		if h.date == event.NoDate {
			c.needed(headDate)
		}
		once(&c, seen, headNumber, h.number)
		h.broken = !c.good()
		if h.broken {
			s.refuseRow(t, r, c.faults)
		}
		if _, there := s.heads[h.number]; h.number != "" && !there {
			s.heads[h.number] = h
			s.order = append(s.order, h)
		}
		return nil
	})
}

// readLines reads a sheet Invoice_Details.
func (s *ownSales) readLines(ctx context.Context, t *table) error {
	s.at = t
	c := cells{table: t, currency: s.summary.Currency}
	return s.each(ctx, t, func(r *row) error {
		s.row = r.number
		if !c.read(r) {
			s.refuseRow(t, r, c.faults)
			return nil
		}
		l := s.lineOf(&c)
		d := s.document(&c)
		if !c.good() {
			s.refuseRow(t, r, c.faults)
		}
		if d == nil {
			return nil
		}
		if c.good() {
			d.lines = append(d.lines, l)
		} else {
			d.broken = true
		}
		return s.ended(ctx, d)
	})
}

func (s *ownSales) lineOf(c *cells) line {
	l := line{
		row: c.row.number, code: s.texts.get(c.id(lineProduct)), description: s.texts.get(c.text(lineDescription)),
		quantity: c.quantity(lineQuantity, 1, "a quantity is above zero and has at most three decimals; goods come back by a credit note"),
		price:    c.price(linePrice), share: c.percent(lineDiscountShare, money.Whole).BasisPoints, discount: c.amount(lineDiscount).Amount,
		taxRate: c.percent(lineTaxRate, 10*money.Whole).BasisPoints, restock: c.yes(lineRestock, true),
	}
	var err error
	if l.net, err = l.price.Times(l.quantity); err != nil {
		c.refuse(linePrice, "quantity × unit price is an amount that books can hold", "correct the quantity or the price")
	}
	return l
}

// document returns the document that a row belongs to, nil where the row does not say which.
func (s *ownSales) document(c *cells) *document {
	number := strings.TrimSpace(c.row.fields[lineNumber])
	if c.text(lineNumber); number == "" || !s.counted(number) {
		c.needed(lineNumber)
		return nil
	}
	d := s.open[number]
	if d == nil {
		d = &document{number: strings.Clone(number), at: c.table, first: c.row.number, head: s.heads[number]}
		s.open[d.number] = d
		s.begin(c, d)
	} else {
		s.agree(c, d)
	}
	d.rows++
	return d
}

// counted tells whether the first reading saw rows of the document.
func (s *ownSales) counted(number string) bool {
	_, ok := s.survey.left[number]
	return ok
}

// begin gives a document what its head says, or its first row where it has none.
func (s *ownSales) begin(c *cells, d *document) {
	if h := d.head; h != nil {
		d.credit, d.client, d.date, d.discount, d.broken = h.credit, h.client, h.date, h.discount, h.broken
		d.broken = d.broken || s.survey.spoiled[d.number]
		h.used = true
		s.agree(c, d)
		return
	}
	if s.survey.heads || !c.has(lineDate) {
		c.refuse(lineNumber, "each document has a row in Invoices, which gives its date", "add it there, or a column date here")
		return
	}
	d.broken = s.survey.spoiled[d.number]
	d.date, d.client = c.date(lineDate), s.texts.get(c.text(lineClient))
	d.credit = choice(c, lineType, false, types(), typeRule, typeAdvice)
	if d.date == event.NoDate {
		c.needed(lineDate)
	}
}

// agree refuses a row that says otherwise of its document than its head or first row.
func (s *ownSales) agree(c *cells, d *document) {
	const advice = "correct it, or leave it empty"
	if date := c.date(lineDate); date != event.NoDate && date != d.date && !d.broken {
		c.refuse(lineDate, "a document has one date; its first row says "+d.date.String(), advice)
	}
	if client := c.text(lineClient); client != "" && client != d.client && !d.broken {
		c.refuse(lineClient, "a document has one client; its first row says "+strconv.Quote(d.client), advice)
	}
	if choice(c, lineType, d.credit, types(), typeRule, typeAdvice) != d.credit && !d.broken {
		c.refuse(lineType, "a document is all invoice or all credit note", advice)
	}
}

// finish records the last documents and refuses the heads that have no lines.
func (s *ownSales) finish(ctx context.Context) error {
	if err := s.recorder.finish(ctx); err != nil {
		return err
	}
	for _, h := range s.order {
		if !h.used && !h.broken {
			s.rejects.add(h.rejected(headNumber, h.number, "a document has at least one line in Invoice_Details", "add its lines, or remove the row"), 0)
		}
	}
	return nil
}

func (h *head) rejected(column int, value, rule, advice string) Reject {
	return h.table.rejected(h.row, &refusal{column: h.table.heads[column], cell: h.table.cell(column, h.row), value: value, rule: rule, advice: advice})
}

// ready refuses products and clients that are not there.
func (s *ownSales) ready(tx *ledger.Tx, d *document) error {
	good := true
	for _, l := range d.lines {
		ok, err := s.books.has(tx, l.code)
		if err != nil {
			return err
		}
		if ok {
			continue
		}
		s.rejects.add(d.at.rejected(l.row, &refusal{
			column: d.at.heads[lineProduct], cell: d.at.cell(lineProduct, l.row), value: l.code,
			rule: "a product that is sold is in the catalogue", advice: "add it to Products, or correct the code",
		}), d.signed(l.net))
		good = false
	}
	if ok, err := s.clientThere(tx, d); err != nil || !ok {
		if err != nil {
			return err
		}
		good = false
	}
	if !good {
		s.withholdRest(d)
		d.lines = nil
	}
	return nil
}

func (s *ownSales) clientThere(tx *ledger.Tx, d *document) (bool, error) {
	if d.client == "" {
		return true, nil
	}
	ok, err := s.books.hasClient(tx, d.client)
	if err != nil || ok {
		return ok, err
	}
	const rule, advice = "a client who is named is among the clients", "add them to Clients, or correct the code"
	if d.head != nil {
		s.rejects.add(d.head.rejected(headClient, d.client, rule, advice), 0)
	} else {
		j := d.at.rejected(d.first, &refusal{column: d.at.heads[lineClient], cell: d.at.cell(lineClient, d.first), value: d.client, rule: rule, advice: advice})
		j.Rows = 0
		s.rejects.add(j, 0)
	}
	return false, nil
}

// withholdRest counts the rows of a document that are good themselves.
func (s *ownSales) withholdRest(d *document) {
	var net money.Amount
	n := 0
	for _, l := range d.lines {
		if !s.books.known[l.code] {
			continue // was refused
		}
		n++
		if sum, err := money.Add(net, l.net); err == nil {
			net = sum
		}
	}
	if n > 0 {
		s.rejects.withhold(n, d.signed(net))
	}
}

// compare holds what a head says its lines come to against what they do.
func (s *ownSales) compare(tx *ledger.Tx, d *document) (*refusal, error) {
	h := d.head
	if h == nil || !h.net.Valid && !h.tax.Valid && !h.total.Valid {
		return nil, nil
	}
	q, err := tx.Quote(d.ledgerLines(), d.discount)
	if err != nil {
		return nil, err
	}
	for _, one := range []struct {
		column int
		says   money.NullAmount
		is     money.Amount
	}{{headNet, h.net, q.Net}, {headTax, h.tax, q.Tax}, {headTotal, h.total, q.Total}} {
		if one.says.Valid && one.says.Amount != one.is {
			return &refusal{
				column: h.table.heads[one.column], cell: h.table.cell(one.column, h.row), value: one.says.Amount.Format(s.summary.Currency),
				rule: "the lines of the document come to " + one.is.Format(s.summary.Currency), advice: "correct the lines or this amount, or leave it empty",
				head: h,
			}, nil
		}
	}
	return nil, nil
}

// name finds the cell of what the ledger refuses.
func (s *ownSales) name(d *document, why *refusal) {
	t, row, column := d.at, d.first, -1
	field := why.column
	if i, rest, ok := lineField(field); ok && i <= len(d.lines) {
		row, field = d.lines[i-1].row, rest
		column = map[string]int{
			"product": lineProduct, "description": lineDescription, "quantity": lineQuantity, "unit_price": linePrice,
			"discount_share": lineDiscountShare, "discount": lineDiscount, "tax_rate": lineTaxRate, "cost": lineProduct,
		}[field]
	} else if h := d.head; h != nil {
		t, row = h.table, h.row
		why.head = h
		column = slices.Index([]string{"reference", "date", "client", "type", "discount"}, field)
	} else {
		at, known := map[string]int{"reference": lineNumber, "date": lineDate, "client": lineClient}[field]
		if known {
			column = at
		}
	}
	why.at = row
	if column >= 0 {
		why.column, why.cell = t.heads[column], t.cell(column, row)
	}
}

// lineField reads lines[2].quantity.
func lineField(field string) (number int, rest string, ok bool) {
	inside, found := strings.CutPrefix(field, "lines[")
	text, rest, closed := strings.Cut(inside, "].")
	number, err := strconv.Atoi(text)
	return number, rest, found && closed && err == nil && number > 0
}
