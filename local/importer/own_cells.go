package importer

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"comptoir/local/notation"
	"comptoir/local/workbook"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// cells reads the values of one row of Comptoir's own tables, and keeps every
// fault that it finds.
type cells struct {
	table    *table
	row      *row
	currency money.Currency
	faults   []refusal
}

// read begins a row. It returns false where the row as a whole cannot be read.
func (c *cells) read(r *row) bool {
	c.row, c.faults = r, c.faults[:0]
	if r.fields == nil {
		c.faults = append(c.faults, *wrongWidth(r, c.table.width))
		return false
	}
	return true
}

func (c *cells) good() bool { return len(c.faults) == 0 }

// refuse notes a fault of a column; -1 is the row as a whole.
func (c *cells) refuse(column int, rule, advice string) {
	f := refusal{rule: rule, advice: advice}
	if column >= 0 {
		f.column, f.cell = c.table.heads[column], c.table.cell(column, c.row.number)
		f.value = strings.Clone(c.row.fields[column])
	}
	c.faults = append(c.faults, f)
}

// has tells whether the table has a column.
func (c *cells) has(column int) bool { return c.table.places[column] >= 0 }

func (c *cells) kind(column int) workbook.Kind {
	if c.row.kinds == nil {
		return workbook.Text
	}
	return c.row.kinds[column]
}

// value is what a cell says; ok is false where it is empty, or is nothing that can be read.
func (c *cells) value(column int) (text string, ok bool) {
	text = strings.TrimSpace(c.row.fields[column])
	switch c.kind(column) {
	case workbook.Fault:
		c.refuse(column, "the cell has an error of Excel", "repair the formula, or write the value")
		return "", false
	case workbook.Unknown:
		c.refuse(column, "the formula has no stored value", "open the workbook in Excel or LibreOffice, save it, and bring it again")
		return "", false
	}
	return text, text != ""
}

// needed refuses an empty cell.
func (c *cells) needed(column int) {
	if strings.TrimSpace(c.row.fields[column]) == "" && c.kind(column) != workbook.Unknown {
		c.refuse(column, "the cell cannot be empty", "fill it in")
	}
}

func (c *cells) text(column int) string {
	v, ok := c.value(column)
	if ok && c.kind(column) == workbook.Date {
		c.refuse(column, "a text is due, and the cell holds a date, which Excel may have made of a code", "format the cell as text, and write it again")
		return ""
	}
	return strings.Clone(v)
}

func (c *cells) id(column int) string {
	v := c.text(column)
	if v == "" {
		c.needed(column)
	}
	return v
}

// codes are several in a cell, between spaces, commas or semicolons; ascending, each once.
func (c *cells) codes(column int) []string {
	codes := strings.FieldsFunc(c.text(column), func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' })
	slices.Sort(codes)
	return slices.Compact(codes)
}

// number returns a number as plain text, "" where there is none.
func (c *cells) number(column int) string {
	v, ok := c.value(column)
	if !ok {
		return ""
	}
	switch c.kind(column) {
	case workbook.Number:
		return v
	case workbook.Text:
		plain, _, err := notation.Number(v, c.table.notations[column].mark)
		if err != nil {
			c.refuse(column, "a number is due", "write it like 1234.56, 1 234,56 or 1,234.56, without unit or currency")
			return ""
		}
		return plain
	}
	c.refuse(column, "a number is due, and the cell holds something else", "format the cell as a number, and write it again")
	return ""
}

// parsed reads a number by one of money's parsers.
func parsed[T ~int64](c *cells, column int, parse func(string) (T, error), least, most T, rule, advice string) (v T, known bool) {
	text := c.number(column)
	if text == "" {
		return 0, false
	}
	v, err := parse(text)
	if err != nil || v < least || v > most {
		c.refuse(column, rule, advice)
		return 0, false
	}
	return v, true
}

const anyNumber = 1<<63 - 1

// amount is zero or above, in the currency's minor units.
func (c *cells) amount(column int) money.NullAmount {
	places := strconv.Itoa(c.currency.Digits())
	v, ok := parsed(c, column, func(s string) (money.Amount, error) { return money.ParseAmount(s, c.currency) }, 0, anyNumber,
		"an amount in "+string(c.currency)+" is zero or above and has at most "+places+" decimals", "correct it; round a formula's value with ROUND(…, "+places+")")
	return money.NullAmount{Amount: v, Valid: ok}
}

func (c *cells) price(column int) money.Price {
	places := strconv.Itoa(c.currency.Digits() + 4)
	c.needed(column)
	v, _ := parsed(c, column, func(s string) (money.Price, error) { return money.ParsePrice(s, c.currency) }, 0, anyNumber,
		"a unit price in "+string(c.currency)+" is zero or above and has at most "+places+" decimals", "correct it; round a formula's value with ROUND(…, "+places+")")
	return v
}

func (c *cells) quantity(column int, least money.Quantity, rule string) money.Quantity {
	c.needed(column)
	v, _ := parsed(c, column, money.ParseQuantity, least, anyNumber, rule, "correct it; of what is sold by weight, write 0.125 for 125 g by the kilogram")
	return v
}

// percent is a share from 0 to most in basis points. A cell that is formatted as a
// percentage says 0.2 where it shows 20 %.
func (c *cells) percent(column int, most money.BasisPoints) money.NullBasisPoints {
	rule := "a percentage is from 0 to " + most.Percent() + " with at most two decimals"
	const advice = "write 20 for 20 %"
	text := ""
	if v, ok := c.value(column); ok && c.kind(column) == workbook.Percent {
		text = hundredfold(v)
	} else if ok && c.kind(column) == workbook.Text {
		plain, _, err := notation.Number(strings.TrimSuffix(v, "%"), c.table.notations[column].mark)
		if err != nil {
			c.refuse(column, rule, advice)
			return money.NullBasisPoints{}
		}
		text = plain
	} else if ok {
		text = c.number(column)
	}
	if text == "" {
		return money.NullBasisPoints{}
	}
	v, err := money.ParsePercent(text)
	if err != nil || v < 0 || v > most {
		c.refuse(column, rule, advice)
		return money.NullBasisPoints{}
	}
	return money.SomeBasisPoints(v)
}

// hundredfold moves the point of a plain number by two places.
func hundredfold(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	fraction += "00"
	whole += fraction[:2]
	if rest := strings.TrimRight(fraction[2:], "0"); rest != "" {
		whole += "." + rest
	}
	return whole
}

func (c *cells) date(column int) event.Date {
	v, ok := c.value(column)
	if !ok {
		return event.NoDate
	}
	order := notation.EitherOrder
	switch c.kind(column) {
	case workbook.Date:
	case workbook.Text:
		order = c.table.notations[column].order
	default:
		c.refuse(column, "a date is due, and the cell holds a number or something else", "format the cell as a date, and see whether the right day stands there")
		return event.NoDate
	}
	d, _, err := notation.Date(v, order)
	if err != nil {
		c.refuse(column, "a date is a day of the calendar, with a year of four digits", "write it like 2026-04-30 or 30/04/2026")
	}
	return d
}

// yes reads yes or no; otherwise where the cell is empty.
func (c *cells) yes(column int, otherwise bool) bool {
	v, ok := c.value(column)
	if !ok {
		return otherwise
	}
	switch plainName(v) {
	case "yes", "y", "oui", "o", "true", "vrai", "1", "x":
		return true
	case "no", "n", "non", "false", "faux", "0":
		return false
	}
	c.refuse(column, "yes or no is due", "write yes or no")
	return otherwise
}

// choice reads one of a few words, by what they are called in either language.
func choice[T comparable](c *cells, column int, otherwise T, words map[string]T, rule, advice string) T {
	v, ok := c.value(column)
	if !ok {
		return otherwise
	}
	if chosen, known := words[plainName(v)]; known {
		return chosen
	}
	c.refuse(column, rule, advice)
	return otherwise
}
