package ledger

import (
	"fmt"
	"slices"

	"comptoir/shared/money"
)

// priced is a document worked out, before anything of it is recorded.
type priced struct {
	lines    []DocumentLine
	products []*product    // of each line
	taxes    []DocumentTax // rates above zero, ascending
	net, tax money.Amount
	total    money.Amount
}

// part is what a document says of one product, however many lines it has there.
type part struct {
	p        *product
	name     string
	quantity money.Quantity
	net      money.Amount
	cost     money.NullAmount
}

// mostQuantity bounds a quantity, so that stocks can be added up: a thousand million units.
const mostQuantity money.Quantity = 1_000_000_000 * money.PerUnit

// highestTax bounds a tax rate: 1000 %.
const highestTax = 10 * money.Whole

// price works out the lines of an invoice or a free credit note.
func (tx *Tx) price(lines []Line, discount money.Amount) (*priced, error) {
	if len(lines) == 0 {
		return nil, refuse("no_lines", "lines", "", "a document has at least one line", "add the lines")
	}
	pr := &priced{lines: make([]DocumentLine, len(lines)), products: make([]*product, len(lines))}
	nets := make([]money.Amount, len(lines))
	var sum money.Amount
	for i, line := range lines {
		p, err := tx.product(line.Product)
		if err != nil {
			return nil, err
		}
		if rule := checkLine(i, line, p != nil); rule != nil {
			return nil, rule
		}
		net, rule := lineNet(i, line, tx.l.currency)
		if rule != nil {
			return nil, rule
		}
		if sum, err = money.Add(sum, net); err != nil {
			return nil, tooLarge(lineField(i, "unit_price"), "")
		}
		cost, rule := p.cost(i, line.Quantity)
		if rule != nil {
			return nil, rule
		}
		nets[i], pr.products[i] = net, p
		pr.lines[i] = DocumentLine{Number: i + 1, Line: line, Net: net, Cost: cost}
	}
	if discount < 0 || discount > sum {
		return nil, refuse("discount", "discount", discount.Format(tx.l.currency), "the discount of a document is between zero and the sum of its lines, "+sum.Format(tx.l.currency), "correct it")
	}
	if discount > 0 {
		shares, err := money.Spread(discount, nets)
		if err != nil {
			return nil, tooLarge("discount", discount.Format(tx.l.currency))
		}
		for i, share := range shares {
			pr.lines[i].DocumentDiscount = share
			pr.lines[i].Net -= share
		}
	}
	if rule := pr.addUp(nil); rule != nil {
		return nil, rule
	}
	return pr, nil
}

func lineField(i int, name string) string { return fmt.Sprintf("lines[%d].%s", i+1, name) }

func checkLine(i int, line Line, known bool) *RuleError {
	switch {
	case !known:
		return refuse("unknown_product", lineField(i, "product"), shorten(line.Product), "it is not in the catalogue", "add the product first, or correct its id")
	case badText(line.Description):
		return tooLong(lineField(i, "description"), line.Description)
	case line.Quantity <= 0 || line.Quantity > mostQuantity:
		return refuse("quantity", lineField(i, "quantity"), line.Quantity.String(), "a quantity is above zero and at most a thousand million; goods come back by a credit note", "correct it")
	case line.UnitPrice < 0:
		return refuse("negative", lineField(i, "unit_price"), "below zero", "a price is zero or above", "correct it")
	case line.DiscountShare < 0 || line.DiscountShare > money.Whole:
		return refuse("discount", lineField(i, "discount_share"), line.DiscountShare.Percent(), "a discount is between 0 and 100 %", "correct it")
	case line.Discount < 0:
		return refuse("discount", lineField(i, "discount"), "below zero", "a discount is zero or above", "correct it")
	case line.Discount > 0 && line.DiscountShare > 0:
		return refuse("discount", lineField(i, "discount"), line.DiscountShare.Percent(), "a line has a discount as a share or as an amount, not both", "keep one of them")
	case line.TaxRate < 0 || line.TaxRate > highestTax:
		return refuse("tax", lineField(i, "tax_rate"), line.TaxRate.Percent(), "a tax rate is between 0 and 1000 %", "correct it")
	}
	return nil
}

// lineNet is quantity × unit price, half to even, less the line's own discount.
func lineNet(i int, line Line, c money.Currency) (money.Amount, *RuleError) {
	gross, err := line.UnitPrice.Times(line.Quantity)
	if err != nil {
		return 0, tooLarge(lineField(i, "unit_price"), line.Quantity.String())
	}
	discount := line.Discount
	if line.DiscountShare > 0 {
		if discount, err = gross.Share(line.DiscountShare); err != nil {
			return 0, tooLarge(lineField(i, "discount_share"), line.DiscountShare.Percent())
		}
	}
	if discount > gross {
		return 0, refuse("discount", lineField(i, "discount"), discount.Format(c), "a discount is at most the line itself, "+gross.Format(c), "correct it")
	}
	return gross - discount, nil
}

// cost is what a quantity of the product costs now: at the moving average where
// a receipt with a cost exists, else at the catalogue's buy price, else null.
func (p *product) cost(i int, q money.Quantity) (money.NullAmount, *RuleError) {
	unit, known := p.average, p.averaged
	if !known && p.BuyPrice.Valid {
		var err error
		if unit, err = p.BuyPrice.Amount.Price(); err != nil {
			return money.NullAmount{}, tooLarge(lineField(i, "cost"), p.ID)
		}
		known = true
	}
	if !known {
		return money.NullAmount{}, nil
	}
	cost, err := unit.Times(q)
	if err != nil {
		return money.NullAmount{}, tooLarge(lineField(i, "cost"), p.ID)
	}
	return money.Some(cost), nil
}

// addUp sums lines and taxes. tax gives the tax of a rate; nil rounds net ×
// rate half to even, once per rate.
func (pr *priced) addUp(tax func(rate money.BasisPoints, net money.Amount) money.Amount) *RuleError {
	var err error
	for i := range pr.lines {
		line := &pr.lines[i]
		if pr.net, err = money.Add(pr.net, line.Net); err != nil {
			return tooLarge("lines", "")
		}
		if line.TaxRate == 0 {
			continue
		}
		at := slices.IndexFunc(pr.taxes, func(t DocumentTax) bool { return t.Rate == line.TaxRate })
		if at < 0 {
			at = len(pr.taxes)
			pr.taxes = append(pr.taxes, DocumentTax{Rate: line.TaxRate})
		}
		pr.taxes[at].Net += line.Net // at most the document's net
	}
	slices.SortFunc(pr.taxes, func(a, b DocumentTax) int { return int(a.Rate - b.Rate) })
	for i := range pr.taxes {
		t := &pr.taxes[i]
		if t.Tax, err = t.Net.Share(t.Rate); err != nil {
			return tooLarge("tax", t.Rate.Percent())
		}
		if tax != nil {
			t.Tax = tax(t.Rate, t.Tax)
		}
		if pr.tax, err = money.Add(pr.tax, t.Tax); err != nil {
			return tooLarge("tax", t.Rate.Percent())
		}
	}
	if pr.total, err = money.Add(pr.net, pr.tax); err != nil {
		return tooLarge("total", "")
	}
	var costs money.Amount
	var quantities money.Quantity
	for i := range pr.lines {
		if costs, err = money.Add(costs, pr.lines[i].Cost.Amount); err == nil {
			quantities, err = money.Add(quantities, pr.lines[i].Quantity)
		}
		if err != nil {
			return tooLarge("lines", "")
		}
	}
	return nil
}

// partsOf gathers lines by product, in the order of their first lines. The sums
// fit: addUp has tried them. The result holds until the next call.
func (tx *Tx) partsOf(lines []DocumentLine, products []*product) []part {
	tx.parts = tx.parts[:0]
	for i := range lines {
		line, p := &lines[i], products[i]
		if p.part == 0 {
			name := line.Description
			if name == "" {
				name = p.Name
			}
			tx.parts = append(tx.parts, part{p: p, name: name, cost: money.Some(0)})
			p.part = len(tx.parts)
		}
		one := &tx.parts[p.part-1]
		one.quantity += line.Quantity
		one.net += line.Net
		one.cost.Amount += line.Cost.Amount
		one.cost.Valid = one.cost.Valid && line.Cost.Valid
	}
	for i := range tx.parts {
		tx.parts[i].p.part = 0
		if !tx.parts[i].cost.Valid {
			tx.parts[i].cost.Amount = 0
		}
	}
	return tx.parts
}
