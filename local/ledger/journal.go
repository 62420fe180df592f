package ledger

import (
	"context"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Search says which entries are looked for; what is left empty is not asked.
type Search struct {
	// Text is part of a number, a reference, a name or an id.
	Text            string
	Kind            EntryKind
	Client, Product string     // ids
	From, To        event.Date // of the entries' own dates
	// Amount is the total or the net of a document, in minor units.
	Amount money.NullAmount
	// Import is the number of an import that they are of; 0: whatever they are of.
	Import int64
	// Before an entry, or After one, the page begins; 0 is the latest entry.
	Before, After int64
	Limit         int
}

// JournalLine is an entry in the journal, with what names it.
type JournalLine struct {
	Entry
	// Name is that of the client of a document, or of the product or client
	// that the entry is of; "" where there is none.
	Name     string
	Client   string           // id, of a document
	Total    money.NullAmount // of a document, as a magnitude
	VoidedOn event.Date       // of a document
}

const journalQuery = `SELECT e.id, e.kind, e.reference, e.who, e.recorded_at, e.date, e.subject, e.reason,
	coalesce(dc.name, p.name, c.name), d.client, d.total, v.voided_on
	FROM entries e LEFT JOIN documents d ON d.entry = e.id LEFT JOIN voids v ON v.document = d.entry LEFT JOIN clients dc ON dc.id = d.client
	LEFT JOIN products p ON e.kind IN ('product', 'receipt') AND p.id = e.subject LEFT JOIN clients c ON e.kind = 'client' AND c.id = e.subject
	WHERE `

// Journal returns entries, the latest first. Those that only settle what imports
// owed are left out.
func (l *Ledger) Journal(ctx context.Context, s Search) (lines []JournalLine, err error) {
	where, args := s.where()
	order := " ORDER BY e.id DESC LIMIT ?"
	if s.After > 0 {
		order = " ORDER BY e.id LIMIT ?"
	}
	args = append(args, int64(s.Limit))
	err = l.asking(ctx, func(q asker) error {
		return q.each(journalQuery+strings.Join(where, " AND ")+order, func(r row) error {
			lines = append(lines, JournalLine{
				Entry: readEntry(r), Name: r.text(8), Client: r.text(9), Total: r.amount(10), VoidedOn: r.date(11),
			})
			return nil
		}, args...)
	})
	if s.After > 0 {
		for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
			lines[i], lines[j] = lines[j], lines[i]
		}
	}
	return lines, l.explain("reading the journal of", err)
}

func readEntry(r row) Entry {
	return Entry{ID: r.int(0), Kind: EntryKind(r.text(1)), Reference: r.text(2), Who: r.text(3), At: timeOf(r.int(4)), Date: r.date(5), Subject: r.text(6), Reason: r.text(7)}
}

func (s Search) where() (where []string, args []any) {
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	add("e.kind <> 'settle'")
	if s.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s.Text) + "%"
		add(`(e.subject LIKE ? ESCAPE '\' OR e.reference LIKE ? ESCAPE '\' OR coalesce(dc.name, p.name, c.name) LIKE ? ESCAPE '\' OR d.client = ?)`, like, like, like, s.Text)
	}
	if s.Kind != "" {
		add("e.kind = ?", string(s.Kind))
	}
	if s.Client != "" {
		add("(d.client = ? OR (e.kind = 'client' AND e.subject = ?))", s.Client, s.Client)
	}
	if s.Product != "" {
		// Lines have no index by product; its own events lead from one to the one before.
		add(`e.id IN (WITH RECURSIVE chain (entry, previous) AS (
			SELECT entry, previous FROM event_log WHERE id = (SELECT last_sums FROM product_state WHERE product = ?)
			UNION ALL SELECT x.entry, x.previous FROM chain JOIN event_log x ON x.id = chain.previous)
			SELECT entry FROM chain UNION SELECT entry FROM counts WHERE product = ?
			UNION SELECT id FROM entries WHERE subject = ? AND kind IN ('product', 'receipt'))`, s.Product, s.Product, s.Product)
	}
	if s.From != event.NoDate {
		add("e.date >= ?", s.From.String())
	}
	if s.To != event.NoDate {
		add("e.date <= ?", s.To.String())
	}
	if s.Amount.Valid {
		add("(d.total = ? OR d.net = ?)", int64(s.Amount.Amount), int64(s.Amount.Amount))
	}
	if s.Import > 0 {
		add(`e.id BETWEEN (SELECT min(first) FROM import_entries WHERE import = ?) AND (SELECT max(last) FROM import_entries WHERE import = ?)
			AND EXISTS (SELECT 1 FROM import_entries i WHERE i.import = ? AND e.id BETWEEN i.first AND i.last)`, s.Import, s.Import, s.Import)
	}
	if s.Before > 0 {
		add("e.id < ?", s.Before)
	}
	if s.After > 0 {
		add("e.id > ?", s.After)
	}
	return where, args
}

// Entry returns an entry by its id; ok is false where there is none.
func (l *Ledger) Entry(ctx context.Context, id int64) (e Entry, ok bool, err error) {
	err = l.asking(ctx, func(q asker) error {
		var r row
		r, ok, err = q.row("SELECT id, kind, reference, who, recorded_at, date, subject, reason FROM entries WHERE id = ?", id)
		if ok {
			e = readEntry(r)
		}
		return err
	})
	return e, ok, l.explain("reading", err)
}

// EntriesOn returns the entries about a subject, such as a document, and, of an
// invoice, those of its credit notes; oldest first.
func (l *Ledger) EntriesOn(ctx context.Context, subject string) (entries []Entry, err error) {
	err = l.asking(ctx, func(q asker) error {
		return q.each(`SELECT id, kind, reference, who, recorded_at, date, subject, reason FROM entries
			WHERE subject = ?1 OR id IN (SELECT entry FROM documents WHERE invoice = (SELECT entry FROM documents WHERE id = ?1)) ORDER BY id`, func(r row) error {
			entries = append(entries, readEntry(r))
			return nil
		}, subject)
	})
	return entries, l.explain("reading", err)
}

// Moved is what an entry moved of a product: a delivery, or what was counted.
type Moved struct {
	Product, Name, Lot string
	Quantity           money.Quantity
	UnitCost           money.NullAmount
	ExpiryDate         event.Date
}

// MovedBy returns what a receipt brought in, or what a count found; none of a
// receipt whose goods a later count had in it already.
func (l *Ledger) MovedBy(ctx context.Context, entry int64) (moved []Moved, err error) {
	err = l.asking(ctx, func(q asker) error {
		return q.each(`SELECT m.product, p.name, m.lot, m.quantity, m.unit_cost, m.expiry_date FROM movements m JOIN products p ON p.id = m.product WHERE m.entry = ?1 AND m.kind = 'receipt'
			UNION ALL SELECT c.product, p.name, coalesce(l.lot, ''), coalesce(l.on_hand, 0), l.unit_cost, l.expiry_date
			FROM counts c JOIN products p ON p.id = c.product LEFT JOIN counted_lots l ON l.entry = c.entry AND l.product = c.product WHERE c.entry = ?1`, func(r row) error {
			moved = append(moved, Moved{Product: r.text(0), Name: r.text(1), Lot: r.text(2), Quantity: money.Quantity(r.int(3)), UnitCost: r.amount(4), ExpiryDate: r.date(5)})
			return nil
		}, entry)
	})
	return moved, l.explain("reading", err)
}
