package ledger

import (
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// cached is how many products and clients the writer remembers between
// transactions: some 400 bytes each.
const cached = 20_000

// books is what the writer knows of the ledger without asking it: counters, and
// the products and clients met so far. It is dropped when a transaction fails
// and when another process has written.
type books struct {
	loaded   bool
	version  int64 // PRAGMA data_version
	closed   event.Date
	entry    int64 // the last ids given
	movement int64
	invoices int64 // the last document numbers given
	credits  int64
	numbered int64 // the last product_state.number
	at       int64 // when the last entry was recorded, or the last pulse was given
	last     []int64
	moved    []bool // streams whose last sequence is still to be written
	products map[string]*product
	clients  map[string]*client
}

// product is a catalogue entry and what changes of it with each entry.
type product struct {
	Product
	partition   int
	first, last event.Date // sold on, of standing invoices
	average     money.Price
	averaged    bool // average is known
	countEntry  int64
	countedOn   event.Date
	sums        int64 // last revisions
	entry       int64
	stock       int64
	lastSums    int64 // last events
	lastStock   int64
	owed, owes  bool  // a stock.changed is owed, and so says product_state
	number      int64 // of its row in product_state; 0: none yet
	lots        []*lot
	lotsKnown   bool

	// Of the transaction under way:
	dirty     bool
	renamed   bool               // product.changed is due
	restocked bool               // lots changed: stock.changed may be due
	resold    bool               // last moved: stock.changed may be due
	restated  bool               // the average changed
	standing  map[event.Date]int // invoices by date, where voids have asked for them
	by        int64              // the last entry that touched it
	part      int                // its place among the parts of the document at hand, from 1
}

type lot struct {
	name             string
	onHand           money.Quantity
	unitCost         money.NullAmount
	received, expiry event.Date
	dirty, stored    bool
}

type client struct {
	Client
	partition   int
	first, last event.Date // purchase, of standing invoices
	sums        int64
	entry       int64
	lastSums    int64
	stored      bool

	dirty   bool
	renamed bool
	by      int64
}

// refresh makes the books true at the beginning of a transaction.
func (b *books) refresh(w *writer) error {
	r, _, err := w.row("PRAGMA data_version")
	if err != nil {
		return err
	}
	if b.loaded && b.version == r.int(0) {
		return nil
	}
	*b = books{version: r.int(0), products: map[string]*product{}, clients: map[string]*client{}}
	if r, _, err = w.row(`SELECT closed_through,
		(SELECT coalesce(max(id), 0) FROM entries), (SELECT coalesce(max(id), 0) FROM movements),
		(SELECT coalesce(max(number), 0) FROM documents WHERE kind = 'invoice'),
		(SELECT coalesce(max(number), 0) FROM documents WHERE kind = 'credit_note'),
		(SELECT recorded_at FROM entries ORDER BY id DESC LIMIT 1), (SELECT max(number) FROM streams),
		(SELECT coalesce(max(number), 0) FROM product_state), ` + notedPulse + ` FROM ledger`); err != nil {
		return err
	}
	b.closed, b.entry, b.movement, b.invoices, b.credits, b.at = r.date(0), r.int(1), r.int(2), r.int(3), r.int(4), max(r.int(5), r.int(8))
	b.numbered = r.int(7)
	b.last, b.moved = make([]int64, r.int(6)+1), make([]bool, r.int(6)+1)
	if err := w.each("SELECT number, last_sequence FROM streams", func(r row) error {
		b.last[r.int(0)] = r.int(1)
		return nil
	}); err != nil {
		return err
	}
	b.loaded = true
	return nil
}

// trim bounds what is remembered.
func (b *books) trim() {
	if len(b.products) > cached {
		b.products = map[string]*product{}
	}
	if len(b.clients) > cached {
		b.clients = map[string]*client{}
	}
}

// product returns a product of the catalogue, or nil.
func (tx *Tx) product(id string) (*product, error) {
	if p, ok := tx.b.products[id]; ok {
		return p, nil
	}
	r, ok, err := tx.w.row(`SELECT name, category, kind, buy_price, sell_price, min_margin, archived,
		first_sold_on, last_sold_on, average_cost, count_entry, counted_on, sums_revision, entry_revision, stock_revision,
		last_sums, last_stock, stock_owed, s.number
		FROM products LEFT JOIN product_state s ON s.product = id WHERE id = ?`, id)
	if err != nil {
		return nil, tx.fail(err)
	}
	if !ok {
		return nil, nil
	}
	p := &product{
		Product: Product{
			ID: id, Name: r.text(0), Category: r.text(1), Kind: event.Kind(r.text(2)), BuyPrice: r.amount(3), SellPrice: r.amount(4),
			MinMargin: money.NullBasisPoints{BasisPoints: money.BasisPoints(r.int(5)), Valid: r.known(5)}, Archived: r.truth(6),
		},
		first: r.date(7), last: r.date(8), average: money.Price(r.int(9)), averaged: r.known(9), countEntry: r.int(10), countedOn: r.date(11),
		sums: r.int(12), entry: r.int(13), stock: r.int(14), lastSums: r.int(15), lastStock: r.int(16), owed: r.truth(17), owes: r.truth(17), number: r.int(18),
		partition: event.Partition(id, tx.l.partitions),
	}
	tx.b.products[id] = p
	return p, nil
}

// client returns a client, or nil.
func (tx *Tx) client(id string) (*client, error) {
	if c, ok := tx.b.clients[id]; ok {
		return c, nil
	}
	r, ok, err := tx.w.row(`SELECT name, archived, first_purchase, last_purchase, sums_revision, entry_revision, last_sums, s.client
		FROM clients LEFT JOIN client_state s ON s.client = id WHERE id = ?`, id)
	if err != nil {
		return nil, tx.fail(err)
	}
	if !ok {
		return nil, nil
	}
	c := &client{
		Client: Client{ID: id, Name: r.text(0), Archived: r.truth(1)}, first: r.date(2), last: r.date(3),
		sums: r.int(4), entry: r.int(5), lastSums: r.int(6), stored: r.known(7), partition: event.Partition(id, tx.l.partitions),
	}
	tx.b.clients[id] = c
	return c, nil
}

// touch notes that the product changes in this transaction, by an entry.
func (tx *Tx) touch(p *product, entry int64) {
	p.by = entry
	if !p.dirty {
		p.dirty = true
		tx.products = append(tx.products, p)
	}
}

func (tx *Tx) touchClient(c *client, entry int64) {
	c.by = entry
	if !c.dirty {
		c.dirty = true
		tx.clients = append(tx.clients, c)
	}
}
