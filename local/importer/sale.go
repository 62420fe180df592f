package importer

import (
	"strconv"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// saleRow is a row of the sales table as far as it could be read.
type saleRow struct {
	number   string // of the document
	credit   bool
	code     string
	date     event.Date
	client   string
	quantity money.Quantity // signed as in the file
	price    money.Price
	net      money.Amount // signed; 0 where it cannot be told
}

// saleReader applies the rules of the profile to one row at a time.
type saleReader struct {
	currency money.Currency
	columns  []string
	// the last date read: most rows share their predecessor's
	dateText string
	date     event.Date
}

// read returns what the row says. why is nil for a good row; of a bad one as
// much is filled in as could be read.
func (sr *saleReader) read(r *row, width int) (v saleRow, why *refusal) {
	if r.fields == nil {
		return v, wrongWidth(r, width)
	}
	f := r.fields
	refuse := func(column int, rule, advice string) {
		if why == nil {
			why = &refusal{column: sr.columns[column], value: strings.Clone(f[column]), rule: rule, advice: advice}
		}
	}
	var ok bool
	if v.number, v.credit, ok = documentNumber(f[colInvoice]); !ok {
		refuse(colInvoice, "a document number is six digits for a sale, or C and six digits for a credit note", "correct the number, or enter the row by hand if it is no sale")
	}
	if v.date, ok = sr.day(f[colDate]); !ok {
		refuse(colDate, "a date is YYYY-MM-DD, with a time HH:MM if wanted, and a day of the calendar", "write it like 2011-12-09 or 2011-12-09 12:50")
	}
	quantity, err := money.ParseQuantity(strings.TrimSpace(f[colQuantity]))
	if err != nil {
		refuse(colQuantity, "a quantity is a plain number with at most three decimals", "write it like 6 or 0.125, without grouping or unit")
	}
	price, priceErr := money.ParsePrice(strings.TrimSpace(f[colPrice]), sr.currency)
	if priceErr != nil {
		refuse(colPrice, "a unit price is a plain number in "+string(sr.currency)+" with at most "+strconv.Itoa(sr.currency.Digits()+4)+" decimals", "write it like 1234.50, without grouping or currency")
	}
	v.quantity, v.price = quantity, price
	if err == nil && priceErr == nil {
		if v.net, err = price.Times(quantity); err != nil {
			refuse(colQuantity, "quantity × unit price is an amount that books can hold", "correct the quantity or the price")
		}
	}
	if price <= 0 {
		refuse(colPrice, "a unit price is above zero", "leave the row out, or correct the price if goods were sold")
	}
	switch {
	case v.credit && quantity >= 0:
		refuse(colQuantity, "a credit note's quantity is below zero", "write the returned quantity with a minus sign, or number the document as a sale")
	case !v.credit && quantity <= 0:
		refuse(colQuantity, "a sale's quantity is above zero", "number the document as a credit note if goods came back, or correct the quantity")
	}
	v.code, v.client = strings.TrimSpace(f[colCode]), strings.TrimSpace(f[colClient])
	if v.code == "" {
		refuse(colCode, "the field cannot be empty", "fill in the product's code")
	}
	return v, why
}

// documentNumber reads 536365 (a sale) or C536379 (a credit note).
func documentNumber(s string) (number string, credit, ok bool) {
	number = strings.TrimSpace(s)
	plain, credit := strings.CutPrefix(number, "C")
	return number, credit, len(plain) == 6 && digits(plain)
}

// day reads a date, with or without a time of day.
func (sr *saleReader) day(s string) (event.Date, bool) {
	if s == sr.dateText && s != "" {
		return sr.date, true
	}
	text := strings.TrimSpace(s)
	if len(text) > 10 && (text[10] == ' ' || text[10] == 'T') && !clock(text[11:]) {
		return event.NoDate, false
	}
	if len(text) > 10 {
		if text[10] != ' ' && text[10] != 'T' {
			return event.NoDate, false
		}
		text = text[:10]
	}
	d, err := event.ParseDate(text)
	if err != nil {
		return event.NoDate, false
	}
	sr.dateText, sr.date = strings.Clone(s), d
	return d, true
}

// clock tells whether s is HH:MM or HH:MM:SS.
func clock(s string) bool {
	if (len(s) != 5 && len(s) != 8) || !digits(s[:2]) || s[2] != ':' || !digits(s[3:5]) || s[:2] > "23" || s[3:5] > "59" {
		return false
	}
	return len(s) == 5 || (s[5] == ':' && digits(s[6:]) && s[6:] <= "59")
}

func wrongWidth(r *row, want int) *refusal {
	if r.fields != nil {
		return nil
	}
	return &refusal{
		value: strconv.Itoa(r.width) + " fields", rule: "a row has as many fields as the header: " + strconv.Itoa(want),
		advice: "add or remove fields, and put a text with a comma in quotation marks",
	}
}
