package event

import (
	"strconv"

	"comptoir/shared/money"
)

// The checks of data say which values make sense together, for the fast and the
// slow way of reading alike. What a single member may be at all was checked when
// it was read.

func (t Type) isVoid() bool {
	return t == ProductSaleVoided || t == ProductReturnVoided || t == ClientInvoiceVoided || t == ClientCreditVoided
}

func (t Type) isCosting() bool { return t == ProductSaleCosted || t == ProductReturnCosted }

func badMember(name, value, problem string) *Error {
	return &Error{Code: BadData, Name: name, Value: value, Problem: problem}
}

func checkProductSale(t Type, v *ProductSale) *Error {
	if v.Quantity < 0 || v.Quantity == 0 && !t.isCosting() {
		problem := "expected a quantity above zero; the type of the event gives its sign"
		if t.isCosting() {
			problem = "expected a quantity not below zero"
		}
		return badMember("quantity", v.Quantity.String(), problem)
	}
	if t.isCosting() && !v.Cost.Valid {
		return badMember("cost", "null", "a costing gives the cost")
	}
	return checkOrder("first_sold_on", v.FirstSoldOn, "last_sold_on", v.LastSoldOn)
}

func checkClientDocument(v *ClientDocument) *Error {
	return checkOrder("first_purchase", v.FirstPurchase, "last_purchase", v.LastPurchase)
}

func checkOrder(firstName string, first Date, lastName string, last Date) *Error {
	if first != NoDate && last != NoDate && first > last {
		return badMember(firstName, quote(first.String()), "it is later than "+lastName+", "+quote(last.String()))
	}
	return nil
}

func checkProduct(v *Product) *Error {
	if v.Kind == "" {
		return badMember("kind", "", `expected "stock" or "service"`)
	}
	if m := v.MinMargin; m.Valid && m.BasisPoints > money.Whole {
		return badMember("min_margin", strconv.FormatInt(int64(m.BasisPoints), 10), "expected basis points from 0 to 10000, or null")
	}
	return nil
}

// parseKind returns "" for what is no kind.
func parseKind(b []byte) Kind {
	switch Kind(b) {
	case KindStock:
		return KindStock
	case KindService:
		return KindService
	}
	return ""
}

// manyLots is the number of lots from which their names are compared by a map.
const manyLots = 32

func checkStock(v *Stock) *Error {
	var seen map[string]bool
	if len(v.Lots) > manyLots {
		seen = make(map[string]bool, len(v.Lots))
	}
	for i := range v.Lots {
		lot := &v.Lots[i]
		if err := checkLot("lots["+strconv.Itoa(i)+"]", lot); err != nil {
			return err
		}
		twice := false
		if seen != nil {
			twice, seen[lot.Lot] = seen[lot.Lot], true
		} else {
			for j := range i {
				twice = twice || v.Lots[j].Lot == lot.Lot
			}
		}
		if twice {
			return badMember("lots["+strconv.Itoa(i)+"].lot", quote(lot.Lot), "another lot of the product has this name; lots have names of their own")
		}
	}
	return nil
}

func checkLot(place string, lot *Lot) *Error {
	if lot.Lot == "" {
		if lot.OnHand > 0 {
			return badMember(place+".on_hand", lot.OnHand.String(), `the lot "" holds what was sold beyond all lots, so expected a quantity not above zero`)
		}
		return nil
	}
	if problem := idProblem([]byte(lot.Lot)); problem != "" {
		return badMember(place+".lot", quote(lot.Lot), problem)
	}
	if lot.OnHand < 0 {
		return badMember(place+".on_hand", lot.OnHand.String(), `expected a quantity not below zero; what was sold beyond all lots stands in the lot ""`)
	}
	return nil
}
