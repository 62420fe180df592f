package event

import (
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"

	"comptoir/shared/money"
)

func (r *reader) text(name string, limit int) string {
	raw := r.need(name)
	if r.err != nil {
		return ""
	}
	var s string
	if raw.Kind() != '"' || json.Unmarshal(raw, &s) != nil || len(s) > limit {
		r.fail(name, raw, "expected a text of at most "+strconv.Itoa(limit)+" bytes")
		return ""
	}
	return s
}

func (r *reader) id(name string) string {
	s := r.text(name, MaxID)
	if problem := idProblem([]byte(s)); problem != "" {
		r.fail(name, r.members[name], problem)
	}
	return s
}

func (r *reader) date(name string) Date {
	raw := r.need(name)
	var s string
	if r.err != nil {
		return NoDate
	}
	if raw.Kind() == '"' && json.Unmarshal(raw, &s) == nil {
		if d, err := ParseDate(s); err == nil {
			return d
		}
	}
	r.fail(name, raw, "expected a date YYYY-MM-DD that the calendar has, from the year 1900 on")
	return NoDate
}

// nullDate reads a date that may be left out or null.
func (r *reader) nullDate(name string) Date {
	if r.optional(name) == nil {
		return NoDate
	}
	return r.date(name)
}

// integer reads a whole number from 0, written without fraction or exponent.
func (r *reader) integer(name string) int64 {
	raw := r.need(name)
	if r.err != nil {
		return 0
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); raw.Kind() == '0' && err == nil && n >= 0 && raw[0] != '-' {
		return n
	}
	r.fail(name, raw, "expected a whole number from 0 to 9223372036854775807, written without fraction or exponent")
	return 0
}

func (r *reader) amount(name string) money.Amount { return money.Amount(r.integer(name)) }

// nullAmount reads an amount that may be null, but not left out.
func (r *reader) nullAmount(name string) money.NullAmount {
	if raw := r.need(name); r.err != nil || raw.Kind() == 'n' {
		return money.NullAmount{}
	}
	return money.Some(r.amount(name))
}

func (r *reader) nullBasisPoints(name string) money.NullBasisPoints {
	n := r.nullAmount(name)
	return money.NullBasisPoints{BasisPoints: money.BasisPoints(n.Amount), Valid: n.Valid}
}

func (r *reader) quantity(name string) money.Quantity {
	raw := r.need(name)
	if r.err != nil {
		return 0
	}
	var q money.Quantity
	problem := "expected a number of at most 3 decimals, written without exponent"
	if raw.Kind() == '0' {
		err := q.UnmarshalJSON(raw)
		if err == nil {
			return q
		}
		if errors.Is(err, money.ErrOverflow) {
			problem = "expected a smaller number"
		}
	}
	r.fail(name, raw, problem)
	return 0
}
