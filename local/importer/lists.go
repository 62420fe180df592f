package importer

import (
	"strings"

	"comptoir/local/ledger"
	"comptoir/local/tables"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// ProductColumns are the columns of a list of products, as the template has them: a list
// with them, and with the cells of ProductCells, is brought back as it is.
func ProductColumns(l Language) []tables.Column { return listColumns(catalogue, l) }

// ClientColumns are those of a list of clients.
func ClientColumns(l Language) []tables.Column { return listColumns(clients, l) }

func listColumns(k kind, l Language) []tables.Column {
	kinds := map[holds]tables.Kind{someNumber: tables.Number, somePercent: tables.Number, someDate: tables.Date}
	var columns []tables.Column
	for i, layout := range ownLayouts() {
		if layout.kind != k {
			continue
		}
		for _, c := range templateSheets(App)[i].columns {
			columns = append(columns, tables.Column{Name: c.label.in(l), Kind: kinds[c.holds]})
		}
	}
	return columns
}

// ProductCells are the cells of a product below ProductColumns.
func ProductCells(p ledger.Listed, c money.Currency, l Language) []string {
	kind := wording{"stock", "stock"}
	if p.Kind == event.KindService {
		kind = wording{"service", "service"}
	}
	amount := func(a money.NullAmount) string {
		if !a.Valid {
			return ""
		}
		return a.Amount.Format(c)
	}
	share := func(bp money.NullBasisPoints) string {
		if !bp.Valid {
			return ""
		}
		return bp.BasisPoints.Percent()
	}
	return []string{p.ID, p.Name, p.Category, kind.in(l), amount(p.BuyPrice), amount(p.SellPrice), share(p.MinMargin), share(p.TaxRate), strings.Join(p.Barcodes, " "), yesCell(p.Archived, l)}
}

// ClientCells are the cells of a client below ClientColumns.
func ClientCells(v ledger.Client, l Language) []string {
	return []string{v.ID, v.Name, yesCell(v.Archived, l)}
}

func yesCell(b bool, l Language) string {
	if !b {
		return ""
	}
	return wording{"yes", "oui"}.in(l)
}
