package accountant

import (
	"fmt"
	"strings"

	"comptoir/local/ledger"
	"comptoir/shared/money"
)

// lineFields are the fields of a document's line, each sent once a line and in their order.
var lineFields = [...]string{"product", "quantity", "price", "discount", "tax", "restock"}

// Line is one line of a form: what was typed in it, and what it comes to.
type Line struct {
	N                                       int // from 1
	Product, Quantity, Price, Discount, Tax string
	Restock                                 bool
	Returns                                 bool // the line is of a return: it asks whether the goods go back
	Name, Net                               string
	Warnings                                []string
	Faults                                  map[string]string
	form                                    *form
}

// Field makes an input of the line.
func (l Line) Field(name, label string) Field {
	values := map[string]string{"product": l.Product, "quantity": l.Quantity, "price": l.Price, "discount": l.Discount, "tax": l.Tax}
	v := Field{ID: fmt.Sprintf("%s-%d", name, l.N), Name: name, Label: label, Type: "number", Value: values[name], Fault: l.Faults[name]}
	if name == "product" {
		v.Type = "text"
	}
	return v
}

// Stocked makes the choice whether the goods of a return go back on the shelf.
func (l Line) Stocked(label, yes, no string) Field {
	v := Field{ID: fmt.Sprintf("restock-%d", l.N), Name: "restock", Label: label, Type: "select", Value: "yes", Options: []Option{{"yes", yes}, {"no", no}}}
	if !l.Restock {
		v.Value = "no"
	}
	return v
}

// typedLines are the lines as they were sent; those in which nothing stands are kept.
func (f *form) typedLines(returns bool) []Line {
	n := len(f.Values["product"])
	lines := make([]Line, n)
	for i := range lines {
		at := func(field string) string {
			if all := f.Values[field]; i < len(all) {
				return strings.TrimSpace(all[i])
			}
			return ""
		}
		lines[i] = Line{
			N: i + 1, Product: at("product"), Quantity: at("quantity"), Price: at("price"), Discount: at("discount"), Tax: at("tax"),
			Restock: at("restock") != "no", Returns: returns, Faults: map[string]string{}, form: f,
		}
	}
	return lines
}

// empty tells whether nobody has named a product in the line.
func (l *Line) empty() bool { return l.Product == "" && l.Price == "" }

func (l *Line) path(field string) string { return fmt.Sprintf("lines[%d].%s", l.N, field) }

// read turns the lines that are filled in into the ledger's, and tells of each which
// line of the form it is. What a line leaves open comes from the catalogue.
func (r *request) readLines(f *form, typed []Line) (lines []ledger.Line, at []int, err error) {
	for i := range typed {
		l := &typed[i]
		if l.empty() {
			continue
		}
		line, err := r.readLine(f, l)
		if err != nil {
			return nil, nil, err
		}
		lines, at = append(lines, line), append(at, i)
	}
	if len(lines) == 0 {
		f.fault("lines[1].product", r.say.T("Name at least one product: by its code, name or barcode."))
	}
	return lines, at, nil
}

func (r *request) readLine(f *form, l *Line) (ledger.Line, error) {
	p, ok, err := r.app.products.resolve(r.Context(), l.Product)
	if err != nil {
		return ledger.Line{}, err
	}
	line := ledger.Line{Product: l.Product, Quantity: money.PerUnit}
	switch {
	case l.Product == "":
		f.fault(l.path("product"), r.say.T("Fill this in."))
	case !ok:
		f.fault(l.path("product"), r.say.T("There is no product “%s”: choose one of the list, or add it under Products.", l.Product))
	default:
		l.Product, l.Name = p.ID, p.Name
		line.Product, line.Description = p.ID, p.Name
	}
	if l.Quantity != "" {
		line.Quantity = f.quantity(l.path("quantity"), l.Quantity)
	}
	price, given := f.price(l.path("price"), l.Price)
	switch {
	case given:
		line.UnitPrice = price
	case l.Price == "" && ok && p.SellPrice.Valid:
		if line.UnitPrice, err = p.SellPrice.Amount.Price(); err != nil {
			f.fault(l.path("price"), r.say.T("The catalogue's price is too large: write another one."))
		}
	case l.Price == "" && ok:
		f.fault(l.path("price"), r.say.T("The catalogue has no price of it: write one."))
	}
	f.lineDiscount(l, &line)
	line.TaxRate = r.app.taxOf(p)
	if rate := f.percent(l.path("tax"), l.Tax); rate.Valid {
		line.TaxRate = rate.BasisPoints
	}
	return line, nil
}

// lineDiscount reads a discount: a share such as 10 %, or an amount.
func (f *form) lineDiscount(l *Line, line *ledger.Line) {
	if strings.HasSuffix(l.Discount, "%") {
		line.DiscountShare = f.percent(l.path("discount"), l.Discount).BasisPoints
		return
	}
	line.Discount = f.amount(l.path("discount"), l.Discount).Amount
}

// taxOf is the rate with which a line of a product begins.
func (a *App) taxOf(p ledger.Listed) money.BasisPoints {
	if p.TaxRate.Valid {
		return p.TaxRate.BasisPoints
	}
	return a.c.TaxRate
}

// inForm turns a field of the ledger's lines into that of the form's.
func inForm(at []int) func(string) string {
	return func(field string) string {
		var n int
		var name string
		if _, err := fmt.Sscanf(field, "lines[%d].%s", &n, &name); err != nil || n < 1 || n > len(at) {
			return field
		}
		switch name {
		case "unit_price", "cost":
			name = "price"
		case "discount_share":
			name = "discount"
		case "tax_rate":
			name = "tax"
		}
		return fmt.Sprintf("lines[%d].%s", at[n-1]+1, name)
	}
}

// marked puts the form's faults to their lines.
func (f *form) marked(typed []Line) []Line {
	for field, text := range f.Faults {
		for i := range typed {
			if name, ok := strings.CutPrefix(field, fmt.Sprintf("lines[%d].", i+1)); ok {
				typed[i].Faults[name] = text
			}
		}
	}
	return typed
}
