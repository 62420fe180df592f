package ledger

import (
	"comptoir/shared/event"
	"comptoir/shared/money"
)

// dateOf reads a date that the ledger wrote; "" is none.
func dateOf(s string) event.Date {
	if len(s) != 10 {
		return event.NoDate
	}
	d, err := event.ParseDate(s)
	if err != nil {
		return event.NoDate
	}
	return d
}

func (r row) date(i int) event.Date { return dateOf(r.text(i)) }

func (r row) amount(i int) money.NullAmount {
	return money.NullAmount{Amount: money.Amount(r.int(i)), Valid: r.known(i)}
}

func dateOrNull(d event.Date) any { return textOrNull(d.String()) }

func amountOrNull(a money.NullAmount) any {
	if !a.Valid {
		return nil
	}
	return int64(a.Amount)
}

func ratioOrNull(b money.NullBasisPoints) any {
	if !b.Valid {
		return nil
	}
	return int64(b.BasisPoints)
}
