package scenarios

import (
	"encoding/json"
	"fmt"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Item is one item of an answer of the query API.
type Item = map[string]json.RawMessage

// field says where a column's value stands in an item, and how it is written.
type field struct {
	name  string
	write func(json.RawMessage, money.Currency) (string, error)
}

// fields are the columns of the tables of expectations.
var fields = map[string]field{
	"name": {"name", asText}, "units": {"units", asQuantity}, "revenue": {"revenue", asAmount}, "cost": {"cost", asAmount}, "profit": {"profit", asAmount},
	"margin": {"margin", asPercent}, "uncosted": {"uncosted_revenue", asAmount}, "orders": {"orders", asText}, "rank": {"rank", asText}, "abc": {"abc", asText},
	"below minimum": {"below_minimum", asYes}, "velocity": {"velocity", asQuantity},
	"on hand": {"on_hand", asQuantity}, "flags": {"flags", asWords}, "value at risk": {"value_at_risk", asAmount}, "lost profit": {"lost_profit", asAmount},
	"average": {"average_order", asAmount}, "tier": {"tier", asText}, "eligible": {"eligible", asYes}, "since": {"eligible_since", asText}, "lost": {"lost_at", asText},
	"first": {"first_purchase", asText}, "last": {"last_purchase", asText}, "progress": {"progress", asWhole},
}

// decode reads a value; ok is false for null.
func decode[T any](raw json.RawMessage) (v T, ok bool, err error) {
	if raw == nil {
		return v, false, fmt.Errorf("the answer has no such member")
	}
	if string(raw) == "null" {
		return v, false, nil
	}
	err = json.Unmarshal(raw, &v)
	return v, err == nil, err
}

func write[T any](f func(T, money.Currency) string) func(json.RawMessage, money.Currency) (string, error) {
	return func(raw json.RawMessage, c money.Currency) (string, error) {
		v, ok, err := decode[T](raw)
		if err != nil || !ok {
			return none, err
		}
		return f(v, c), nil
	}
}

var (
	asAmount   = write(func(a money.Amount, c money.Currency) string { return a.Format(c) })
	asQuantity = write(func(q money.Quantity, _ money.Currency) string { return q.String() })
	asPercent  = write(func(bp money.BasisPoints, _ money.Currency) string { return money.Amount(bp).Format("EUR") })
	asWhole    = write(func(bp money.BasisPoints, _ money.Currency) string { return bp.Percent() })
	asWords    = write(func(s []string, _ money.Currency) string { return strings.Join(s, " ") })
	asYes      = write(func(b bool, _ money.Currency) string { return map[bool]string{true: "yes", false: "no"}[b] })
)

func asText(raw json.RawMessage, _ money.Currency) (string, error) {
	if raw == nil {
		return "", fmt.Errorf("the answer has no such member")
	}
	if text := strings.Trim(string(raw), `"`); text != "" && text != "null" {
		return text, nil
	}
	return none, nil
}

// check compares the rows of a table with items, by their first column and, for
// lots, by the lot. Where all is set, there must be no other items.
func check(t Table, currency money.Currency, id string, items []Item, all bool) (faults []string) {
	key := func(i Item) string {
		k, _ := asText(i[id], currency)
		if lot, ok := i["lot"]; ok {
			l, _ := asText(lot, currency)
			k += " " + l
		}
		return k
	}
	found := map[string]Item{}
	for _, i := range items {
		found[key(i)] = i
	}
	for _, r := range t.Rows {
		k := r.Cells[t.Kind()]
		if t.Has("lot") {
			k += " " + r.Cells["lot"]
		}
		item, ok := found[k]
		if !ok {
			faults = append(faults, fmt.Sprintf("line %d: there is no %s", r.Line, k))
			continue
		}
		delete(found, k)
		for _, column := range t.Header[1:] {
			if column == "lot" {
				continue
			}
			f, known := fields[column]
			if !known {
				faults = append(faults, fmt.Sprintf("line %d: nothing is known of a column %q", t.Line, column))
				continue
			}
			got, err := f.write(item[f.name], currency)
			if err != nil {
				faults = append(faults, fmt.Sprintf("line %d: %s, %s: %v", r.Line, k, column, err))
			} else if want := r.Cells[column]; got != want {
				faults = append(faults, fmt.Sprintf("line %d: %s: %s is %s, and should be %s", r.Line, k, column, got, want))
			}
		}
	}
	if all {
		for k := range found {
			faults = append(faults, fmt.Sprintf("line %d: %s is listed, and should not be", t.Line, k))
		}
	}
	return faults
}

// checkDocuments compares the totals of documents in the books.
func checkDocuments(tx *ledger.Tx, t Table, currency money.Currency) (faults []string) {
	for _, r := range t.Rows {
		d, ok, err := tx.ByReference(r.Cells[t.Kind()])
		if err != nil || !ok {
			faults = append(faults, fmt.Sprintf("line %d: there is no such document (%v)", r.Line, err))
			continue
		}
		for column, got := range map[string]money.Amount{"net": d.Net, "tax": d.Tax, "total": d.Total} {
			if want := r.Cells[column]; got.Format(currency) != want {
				faults = append(faults, fmt.Sprintf("line %d: %s: %s is %s, and should be %s", r.Line, d.Reference, column, got.Format(currency), want))
			}
		}
	}
	return faults
}

// checkStock compares lots in the books.
func checkStock(tx *ledger.Tx, t Table) (faults []string) {
	for _, r := range t.Rows {
		stock, err := tx.Stock(r.Cells[t.Kind()])
		if err != nil {
			faults = append(faults, fmt.Sprintf("line %d: %v", r.Line, err))
			continue
		}
		got := none
		for _, l := range stock.Lots {
			if lotName(l) == r.Cells["lot"] {
				got = l.OnHand.String()
			}
		}
		if want := r.Cells["on hand"]; got != want {
			faults = append(faults, fmt.Sprintf("line %d: %s %s: %s on hand, and should be %s", r.Line, r.Cells[t.Kind()], r.Cells["lot"], got, want))
		}
	}
	return faults
}

func lotName(l event.Lot) string {
	if l.Lot == "" {
		return none
	}
	return l.Lot
}
