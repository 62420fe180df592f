package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
)

// books records into the ledger, and in a dry run takes everything back.
type books struct {
	ledger *ledger.Ledger
	who    string
	dry    bool

	known map[string]bool // products that exist, or that this import made
	// clients that exist, or that this import made
	clients map[string]bool

	// What a dry run has taken back already and must put again where a later
	// transaction builds on it; put is what the present transaction has.
	pending        map[string]ledger.Listed
	pendingClients map[string]ledger.Client
	put            map[string]bool
	putClients     map[string]bool
	// freed are the barcodes that a dry run has taken from a product, and whose they were.
	freed map[string]string

	created        Created
	createdClients int

	// of is the import in the ledger's history that entries belong to; 0: none.
	of int64
	// whole is the one transaction of an import that is all or nothing; nil: each
	// batch has its own.
	whole *ledger.Tx
}

// Created counts the products that rows brought in by themselves.
type Created struct {
	Services int // codes that do not begin with five digits
	Uncosted int // products that the catalogue does not have: no buy price, so no profit of them is known
}

func newBooks(l *ledger.Ledger, who string, dry bool) *books {
	return &books{
		ledger: l, who: who, dry: dry,
		known: map[string]bool{}, clients: map[string]bool{},
		pending: map[string]ledger.Listed{}, freed: map[string]string{}, pendingClients: map[string]ledger.Client{},
		put: map[string]bool{}, putClients: map[string]bool{},
	}
}

var errTakenBack = errors.New("a dry run takes everything back")

// batch records what f does as a whole, or in a dry run takes it back at the end.
func (b *books) batch(ctx context.Context, f func(*ledger.Tx) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if b.whole != nil {
		return f(b.whole)
	}
	clear(b.put)
	clear(b.putClients)
	err := b.ledger.RecordBulk(ctx, b.who, func(tx *ledger.Tx) error {
		tx.OfImport(b.of)
		if err := f(tx); err != nil {
			return err
		}
		if b.dry {
			return errTakenBack
		}
		return nil
	})
	if b.dry && errors.Is(err, errTakenBack) {
		return nil
	}
	return err
}

// listed returns a product with how it is sold.
func (b *books) listed(tx *ledger.Tx, id string) (v ledger.Listed, exists bool, err error) {
	if v.Product, exists, err = tx.Product(id); err == nil && exists {
		v.Selling, err = tx.Selling(id)
	}
	return v, exists, err
}

// putProduct creates or changes a product as a whole, or not at all.
func (b *books) putProduct(tx *ledger.Tx, p ledger.Listed) (changed bool, err error) {
	if err := b.free(tx, p.Barcodes); err != nil {
		return false, err
	}
	if err := tx.CheckSelling(p.ID, p.Selling); err != nil {
		return false, err
	}
	old, err := tx.Selling(p.ID)
	if err != nil {
		return false, err
	}
	if changed, err = tx.PutProduct(p.Product); err != nil {
		return false, err
	}
	if old.TaxRate != p.TaxRate || !slices.Equal(old.Barcodes, p.Barcodes) {
		if _, err := tx.PutSelling(p.ID, p.Selling); err != nil {
			return false, err
		}
		changed = true
	}
	b.known[p.ID] = true
	if changed && b.dry {
		b.pending[p.ID], b.put[p.ID] = p, true
		for _, code := range old.Barcodes {
			b.freed[code] = p.ID
		}
	}
	return changed, nil
}

// free puts those products again whose barcodes an earlier transaction of a dry run took away.
func (b *books) free(tx *ledger.Tx, barcodes []string) error {
	for _, code := range barcodes {
		from, was := b.freed[code]
		if !was || b.put[from] {
			continue
		}
		if _, err := b.putProduct(tx, b.pending[from]); err != nil {
			return err
		}
	}
	return nil
}

// product makes sure that a product exists in the transaction.
func (b *books) product(tx *ledger.Tx, code, description string) error {
	if b.known[code] {
		p, pending := b.pending[code]
		if !pending || b.put[code] {
			return nil
		}
		_, err := b.putProduct(tx, p)
		return err
	}
	id := strings.Clone(code)
	if _, ok, err := tx.Product(id); err != nil || ok {
		b.known[id] = ok
		return err
	}
	if description == "" {
		description = id
	}
	p := ledger.Listed{Product: ledger.Product{ID: id, Name: description, Kind: kindOf(id)}}
	if _, err := b.putProduct(tx, p); err != nil {
		return err
	}
	if p.Kind == event.KindService {
		b.created.Services++
	} else {
		b.created.Uncosted++
	}
	return nil
}

// client makes sure that a client exists in the transaction.
func (b *books) client(tx *ledger.Tx, id string) error {
	if id == "" {
		return nil
	}
	if ok, err := b.hasClient(tx, id); err != nil || ok {
		return err
	}
	if _, err := b.putClient(tx, ledger.Client{ID: id}); err != nil {
		return err
	}
	b.createdClients++
	return nil
}

// putClient creates or changes a client.
func (b *books) putClient(tx *ledger.Tx, v ledger.Client) (changed bool, err error) {
	if changed, err = tx.PutClient(v); err != nil {
		return false, err
	}
	b.clients[v.ID] = true
	if changed && b.dry {
		b.pendingClients[v.ID], b.putClients[v.ID] = v, true
	}
	return changed, nil
}

// hasClient tells whether a client exists in the transaction, putting it there
// again in a dry run.
func (b *books) hasClient(tx *ledger.Tx, id string) (bool, error) {
	if !b.clients[id] {
		_, ok, err := tx.Client(id)
		if err != nil || !ok {
			return false, err
		}
		b.clients[strings.Clone(id)] = true
		return true, nil
	}
	v, pending := b.pendingClients[id]
	if !pending || b.putClients[id] {
		return true, nil
	}
	_, err := b.putClient(tx, v)
	return true, err
}

// kindOf: a code that does not begin with five digits is a service (postage, fees, samples).
func kindOf(code string) event.Kind {
	if len(code) >= 5 && digits(code[:5]) {
		return event.KindStock
	}
	return event.KindService
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// recording wraps an error of a batch that recorded the rows up to one.
func recording(what string, r int, err error) error {
	return fmt.Errorf("recording %s up to row %d: %w", what, r, err)
}
