package importer

import (
	"context"
	"strconv"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// importProducts creates and changes the products of a sheet Products. What
// its columns do not say of a product that is there stays as it is.
func (s *session) importProducts(ctx context.Context, t *table) error {
	seen := map[string]int{}
	c, keep := cells{table: t, currency: s.summary.Currency}, keepProduct(t)
	return inBatches(ctx, s, t, s.recordCatalogue, func(r *row) (entry catalogueRow, good bool) {
		var p ledger.Listed
		if c.read(r) {
			p = productOf(&c)
			once(&c, seen, ownProductID, p.ID)
		}
		if !c.good() {
			s.refuseRow(t, r, c.faults)
			return entry, false
		}
		return catalogueRow{r.number, p, keep}, true
	})
}

// once refuses what stands in a second row of a table.
func once(c *cells, seen map[string]int, column int, id string) {
	if id == "" || !c.good() {
		return
	}
	if first, there := seen[id]; there {
		c.refuse(column, "it stands once in its table", "keep one of the two rows; the first, row "+strconv.Itoa(first)+", was taken")
		return
	}
	seen[id] = c.row.number
}

func productOf(c *cells) (p ledger.Listed) {
	p.Product = ledger.Product{ID: c.id(ownProductID), Name: c.id(ownProductName), Category: c.text(ownCategory)}
	p.Kind = choice(c, ownKind, event.KindStock, kindWords(), "a product is of the kind stock or service", "write stock or service")
	p.BuyPrice, p.SellPrice = c.amount(ownBuyPrice), c.amount(ownSellPrice)
	p.MinMargin = c.percent(ownMinMargin, money.Whole)
	p.TaxRate, p.Barcodes = c.percent(ownProductTax, 10*money.Whole), c.codes(ownBarcodes)
	p.Archived = c.yes(ownProductArchived, false)
	return p
}

// kindWords are what the kinds of products are called, also by the lists that the app gives.
func kindWords() map[string]event.Kind {
	return map[string]event.Kind{
		"stock": event.KindStock, "product": event.KindStock, "produit": event.KindStock, "goods": event.KindStock, "marchandise": event.KindStock, "bien": event.KindStock, "article": event.KindStock,
		"goodswithastock": event.KindStock, "articleenstock": event.KindStock, "stocked": event.KindStock, "stocke": event.KindStock,
		"service": event.KindService, "services": event.KindService, "prestation": event.KindService,
	}
}

// keepProduct takes over what the table has no column for.
func keepProduct(t *table) func(p *ledger.Listed, old ledger.Listed) {
	takes := map[int]func(p *ledger.Listed, old ledger.Listed){
		ownCategory:        func(p *ledger.Listed, old ledger.Listed) { p.Category = old.Category },
		ownKind:            func(p *ledger.Listed, old ledger.Listed) { p.Kind = old.Kind },
		ownBuyPrice:        func(p *ledger.Listed, old ledger.Listed) { p.BuyPrice = old.BuyPrice },
		ownSellPrice:       func(p *ledger.Listed, old ledger.Listed) { p.SellPrice = old.SellPrice },
		ownMinMargin:       func(p *ledger.Listed, old ledger.Listed) { p.MinMargin = old.MinMargin },
		ownProductTax:      func(p *ledger.Listed, old ledger.Listed) { p.TaxRate = old.TaxRate },
		ownBarcodes:        func(p *ledger.Listed, old ledger.Listed) { p.Barcodes = old.Barcodes },
		ownProductArchived: func(p *ledger.Listed, old ledger.Listed) { p.Archived = old.Archived },
	}
	for column := range takes {
		if t.places[column] >= 0 {
			delete(takes, column)
		}
	}
	return func(p *ledger.Listed, old ledger.Listed) {
		for _, take := range takes {
			take(p, old)
		}
	}
}

// productFields are the columns of what the ledger refuses of a product.
func (p profile) productFields() map[string]int {
	if p.exact {
		return nil // its own names are the ledger's
	}
	return map[string]int{
		"id": ownProductID, "name": ownProductName, "category": ownCategory, "kind": ownKind, "min_margin": ownMinMargin, "tax_rate": ownProductTax, "barcode": ownBarcodes,
	}
}

type clientRow struct {
	number int
	client ledger.Client
}

// importClients creates and changes the clients of a sheet Clients.
func (s *session) importClients(ctx context.Context, t *table) error {
	seen := map[string]int{}
	c := cells{table: t, currency: s.summary.Currency}
	return inBatches(ctx, s, t, s.recordClients, func(r *row) (entry clientRow, good bool) {
		var v ledger.Client
		if c.read(r) {
			v = ledger.Client{ID: c.id(ownClientID), Name: c.text(ownClientName), Archived: c.yes(ownClientArchived, false)}
			once(&c, seen, ownClientID, v.ID)
		}
		if !c.good() {
			s.refuseRow(t, r, c.faults)
			return entry, false
		}
		return clientRow{r.number, v}, true
	})
}

func (s *session) recordClients(ctx context.Context, t *table, batch []clientRow) error {
	err := s.together(ctx, func(tx *ledger.Tx) error {
		for _, c := range batch {
			old, exists, err := tx.Client(c.client.ID)
			if err != nil {
				return err
			}
			if t.places[ownClientArchived] < 0 {
				c.client.Archived = old.Archived
			}
			if c.client.Name == "" && (!exists || old.Name != "") { // those of other profiles may have none
				why := refusal{column: "name", rule: "the cell cannot be empty", advice: "fill it in"}
				s.rejects.add(t.named(c.number, &why, clientFields()), 0)
				continue
			}
			changed, err := s.books.putClient(tx, c.client)
			if err != nil {
				why, err := refused(err, "", "")
				if err != nil {
					return err
				}
				s.rejects.add(t.named(c.number, why, clientFields()), 0)
				continue
			}
			s.summary.Clients.count(exists, changed)
		}
		return nil
	})
	if err != nil {
		return recording("the clients", batch[len(batch)-1].number, err)
	}
	return nil
}

// clientFields are the columns of what the ledger refuses of a client.
func clientFields() map[string]int {
	return map[string]int{"id": ownClientID, "name": ownClientName}
}

// refuseRow leaves a row out for its faults.
func (s *session) refuseRow(t *table, r *row, faults []refusal) {
	for i := range faults {
		j := t.rejected(r.number, &faults[i])
		if i > 0 {
			j.Rows = 0
		}
		s.rejects.add(j, 0)
	}
}

// named says where in a row the ledger's field stands.
func (t *table) named(row int, why *refusal, columns map[string]int) Reject {
	if at, known := columns[why.column]; known {
		why.column, why.cell = t.heads[at], t.cell(at, row)
	}
	return t.rejected(row, why)
}
