package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"comptoir/shared/event"
)

// Tx is a transaction of Record. It belongs to the function that it was given
// to; that function must not call methods of the ledger that write.
type Tx struct {
	l     *Ledger
	w     *writer
	b     *books
	who   string
	bulk  bool
	at    int64 // microseconds; every entry and event of the transaction has it
	today event.Date

	products []*product // touched, in that order
	clients  []*client
	parts    []part // of the document at hand
	broken   error  // a failure of the database: nothing goes on after it

	importOf, importFrom int64 // the import that its entries are of, from this one on
}

// Record runs f in one BEGIN IMMEDIATE transaction, after settling what bulks
// left owing. An error of f rolls everything back, and so does its panic.
func (l *Ledger) Record(ctx context.Context, who string, f func(*Tx) error) error {
	return l.record(ctx, who, false, f)
}

// RecordBulk is Record for imports: products of which only the last sale moved
// get their stock.changed later, by Settle. What is owed is noted in the same
// transaction, so a kill loses nothing. 100 to 500 documents a transaction are
// right: fewer are slower, more only cost memory.
func (l *Ledger) RecordBulk(ctx context.Context, who string, f func(*Tx) error) error {
	if err := l.record(ctx, who, true, f); err != nil {
		return err
	}
	// Lets another process in that waits for the lock.
	time.Sleep(pause)
	return nil
}

// pause is more than the time between two tries of a waiting process.
const pause = 3 * time.Millisecond

// settled bounds how many products one transaction of Settle takes.
const settled = 5_000

// Settle emits the stock.changed that bulks left owing and returns for how many
// products; where nothing is owed it writes nothing.
func (l *Ledger) Settle(ctx context.Context, who string) (int, error) {
	total := 0
	for {
		n := 0
		var owed int
		if err := l.read.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM product_state WHERE stock_owed = 1 LIMIT 1)").Scan(&owed); err != nil {
			return total, l.explain("settling", err)
		}
		if owed == 0 {
			return total, nil
		}
		err := l.record(ctx, who, true, func(tx *Tx) (err error) {
			n, err = tx.settle(settled)
			return err
		})
		if err != nil {
			return total, err
		}
		total += n
	}
}

func (l *Ledger) record(ctx context.Context, who string, bulk bool, f func(*Tx) error) error {
	if who == "" || event.CheckID(who) != nil {
		return refuse("who", "who", who, "every entry says who made it, in at most 256 bytes without control characters", "give a name")
	}
	return l.writing(ctx, func(w *writer) error {
		// Until the commit is known to be good, the books are not to be believed.
		believed := false
		defer func() { l.books.loaded = believed }()
		err := l.transact(ctx, w, "recording in", func() error { return l.enter(w, who, bulk, f) })
		believed = err == nil
		return err
	})
}

// enter runs f in the transaction that is open, and writes what it left to be written.
func (l *Ledger) enter(w *writer, who string, bulk bool, f func(*Tx) error) error {
	if err := l.books.refresh(w); err != nil {
		return l.explain("reading", err)
	}
	tx := &Tx{l: l, w: w, b: l.books, who: who, bulk: bulk, today: l.Today(), at: l.clock(l.books.at)}
	if !bulk {
		if _, err := tx.settle(-1); err != nil {
			return l.explain("settling", err)
		}
	}
	if err := f(tx); err != nil {
		return l.explain("recording in", err)
	}
	if tx.broken == nil {
		tx.broken = tx.finish()
	}
	return l.explain("recording in", tx.broken)
}

// fail notes a failure of the database: the transaction cannot be committed.
func (tx *Tx) fail(err error) error {
	var rule *RuleError
	if err != nil && tx.broken == nil && !errors.As(err, &rule) {
		tx.broken = err
	}
	return err
}

// exec runs a statement whose failure ends the transaction.
func (tx *Tx) exec(query string, args ...any) error {
	if tx.broken != nil {
		return tx.broken
	}
	if err := tx.w.exec(query, args...); err != nil {
		return tx.fail(err)
	}
	return nil
}

func (tx *Tx) each(query string, f func(row) error, args ...any) error {
	return tx.fail(tx.w.each(query, f, args...))
}

func (tx *Tx) row(query string, args ...any) (row, bool, error) {
	r, ok, err := tx.w.row(query, args...)
	return r, ok, tx.fail(err)
}

// write records an entry and returns its id.
func (tx *Tx) write(kind EntryKind, reference string, date event.Date, subject, reason string) (Entry, error) {
	tx.b.entry++
	e := Entry{ID: tx.b.entry, Kind: kind, Reference: reference, Who: tx.who, At: timeOf(tx.at), Date: date, Subject: subject, Reason: reason}
	tx.b.at = tx.at
	return e, tx.exec("INSERT INTO entries (id, kind, reference, who, recorded_at, date, subject, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		e.ID, string(kind), textOrNull(reference), tx.who, tx.at, date.String(), subject, textOrNull(reason))
}

// settle marks the products that are owed a stock.changed, at most limit.
func (tx *Tx) settle(limit int64) (int, error) {
	var ids []string
	if err := tx.each("SELECT product FROM product_state WHERE stock_owed = 1 LIMIT ?", func(r row) error {
		ids = append(ids, r.text(0))
		return nil
	}, limit); err != nil || len(ids) == 0 {
		return 0, err
	}
	entry, err := tx.write(EntrySettle, "", tx.today, "", "")
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		p, err := tx.product(id)
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, tx.fail(fmt.Errorf("product %q is owed an event but is not in the catalogue", id))
		}
		tx.touch(p, entry.ID)
		p.restocked = true
	}
	return len(ids), nil
}

// finish emits the registers that are due and writes back what changed.
func (tx *Tx) finish() error {
	for _, p := range tx.products {
		if err := tx.finishProduct(p); err != nil {
			return err
		}
	}
	for _, c := range tx.clients {
		if err := tx.finishClient(c); err != nil {
			return err
		}
	}
	for number, moved := range tx.b.moved {
		if moved {
			if err := tx.exec("UPDATE streams SET last_sequence = ? WHERE number = ?", tx.b.last[number], int64(number)); err != nil {
				return err
			}
			tx.b.moved[number] = false
		}
	}
	if err := tx.noteImport(); err != nil {
		return err
	}
	tx.b.trim()
	return tx.broken
}

func (tx *Tx) finishProduct(p *product) error {
	if p.renamed {
		if err := tx.emitProduct(p); err != nil {
			return err
		}
	}
	switch {
	case p.Kind != event.KindStock:
	case p.restocked || (p.resold && !tx.bulk):
		if err := tx.emitStock(p); err != nil {
			return err
		}
		p.owed = false
	case p.resold:
		p.owed = true
	}
	onlySold := p.number > 0 && tx.bulk && !p.restocked && !p.renamed && !p.restated
	p.dirty, p.renamed, p.restocked, p.resold, p.restated, p.standing = false, false, false, false, false, nil
	if onlySold {
		return tx.storeSold(p)
	}
	if err := tx.storeLots(p); err != nil {
		return err
	}
	var average any
	if p.averaged {
		average = int64(p.average)
	}
	query := `UPDATE product_state SET first_sold_on = ?, last_sold_on = ?, average_cost = ?, count_entry = ?, counted_on = ?,
		sums_revision = ?, entry_revision = ?, stock_revision = ?, last_sums = ?, last_stock = ?, stock_owed = ?, product = ? WHERE number = ?`
	if p.number == 0 {
		tx.b.numbered++
		p.number = tx.b.numbered
		query = `INSERT INTO product_state (first_sold_on, last_sold_on, average_cost, count_entry, counted_on,
		sums_revision, entry_revision, stock_revision, last_sums, last_stock, stock_owed, product, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	}
	p.owes = p.owed
	return tx.exec(query, dateOrNull(p.first), dateOrNull(p.last), average, intOrNull(p.countEntry), dateOrNull(p.countedOn),
		p.sums, p.entry, p.stock, intOrNull(p.lastSums), intOrNull(p.lastStock), truth(p.owed), p.ID, p.number)
}

// storeSold writes back a product that was only sold, which is what an import
// does most: few values, and the index of what is owed only where that changes.
func (tx *Tx) storeSold(p *product) error {
	if p.owed != p.owes {
		p.owes = p.owed
		if err := tx.exec("UPDATE product_state SET stock_owed = ? WHERE number = ?", truth(p.owed), p.number); err != nil {
			return err
		}
	}
	return tx.exec("UPDATE product_state SET first_sold_on = ?, last_sold_on = ?, sums_revision = ?, last_sums = ? WHERE number = ?",
		dateOrNull(p.first), dateOrNull(p.last), p.sums, intOrNull(p.lastSums), p.number)
}

func (tx *Tx) finishClient(c *client) error {
	if c.renamed {
		if err := tx.emitClient(c); err != nil {
			return err
		}
	}
	c.dirty, c.renamed = false, false
	query := `INSERT INTO client_state (first_purchase, last_purchase, sums_revision, entry_revision, last_sums, client) VALUES (?, ?, ?, ?, ?, ?)`
	if c.stored {
		query = `UPDATE client_state SET first_purchase = ?, last_purchase = ?, sums_revision = ?, entry_revision = ?, last_sums = ? WHERE client = ?`
	}
	c.stored = true
	return tx.exec(query, dateOrNull(c.first), dateOrNull(c.last), c.sums, c.entry, intOrNull(c.lastSums), c.ID)
}
