package event

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"comptoir/shared/money"
)

// Generators of right events.

var (
	genID   = rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9./_-]{1,20}`), rapid.StringMatching(`[!-~é€😀]([ -~é€😀]{0,20}[!-~é€😀])?`))
	genText = rapid.OneOf(rapid.StringMatching(`[A-Z ,.'&-]{0,30}`), rapid.StringOf(rapid.Rune()), rapid.StringMatching("[\"\\\\/<\t\n\x00-\x1fé\u2028]{0,6}"))
	genDate = rapid.Custom(func(t *rapid.T) Date {
		return NewDate(rapid.IntRange(1900, 9999).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"))
	})
	genNullDate = rapid.OneOf(rapid.Just(NoDate), genDate)
	genAmount   = rapid.OneOf(rapid.Int64Range(0, 100_000), rapid.Int64Min(0))
	genCurrency = rapid.SampledFrom([]money.Currency{"GBP", "EUR", "JPY", "TND"})
)

func genNullAmount(t *rapid.T, label string) money.NullAmount {
	if rapid.Bool().Draw(t, label+" known") {
		return money.Some(money.Amount(genAmount.Draw(t, label)))
	}
	return money.NullAmount{}
}

func genQuantityFrom(t *rapid.T, least int64) money.Quantity {
	q := rapid.OneOf(rapid.Int64Range(least, 10_000), rapid.Int64Range(1, 100).Filter(func(v int64) bool { return v >= least }), rapid.Int64Min(least)).Draw(t, "quantity")
	return money.Quantity(q)
}

func genOrdered(t *rapid.T) (first, last Date) {
	first, last = genNullDate.Draw(t, "first"), genNullDate.Draw(t, "last")
	if first != NoDate && last != NoDate && first > last {
		first, last = last, first
	}
	return first, last
}

func genData(t *rapid.T, typ Type) Data {
	voided := NoDate
	if typ.isVoid() {
		voided = genDate.Draw(t, "voided")
	}
	switch typ.Family() {
	case ProductSums:
		v := &ProductSale{
			DocumentID: genID.Draw(t, "document"), Date: genDate.Draw(t, "date"), VoidedOn: voided, Name: genText.Draw(t, "name"),
			Quantity: genQuantityFrom(t, 1), Net: money.Amount(genAmount.Draw(t, "net")), Cost: genNullAmount(t, "cost"), Currency: genCurrency.Draw(t, "currency"),
		}
		if typ.isCosting() {
			v.Cost.Valid = true
		}
		v.FirstSoldOn, v.LastSoldOn = genOrdered(t)
		return v
	case ClientSums:
		v := &ClientDocument{
			DocumentID: genID.Draw(t, "document"), Date: genDate.Draw(t, "date"), VoidedOn: voided,
			Net: money.Amount(genAmount.Draw(t, "net")), Currency: genCurrency.Draw(t, "currency"),
		}
		v.FirstPurchase, v.LastPurchase = genOrdered(t)
		return v
	case ProductEntry:
		v := &Product{
			Name: genText.Draw(t, "name"), Category: genText.Draw(t, "category"), Kind: rapid.SampledFrom([]Kind{KindStock, KindService}).Draw(t, "kind"),
			BuyPrice: genNullAmount(t, "buy"), SellPrice: genNullAmount(t, "sell"), Currency: genCurrency.Draw(t, "currency"),
		}
		if rapid.Bool().Draw(t, "margin known") {
			v.MinMargin = money.SomeBasisPoints(money.BasisPoints(rapid.Int64Range(0, 10_000).Draw(t, "margin")))
		}
		return v
	case StockEntry:
		v := &Stock{LastSoldOn: genNullDate.Draw(t, "last")}
		for _, name := range rapid.SliceOfNDistinct(rapid.OneOf(rapid.Just(""), genID), 0, 50, rapid.ID[string]).Draw(t, "lots") {
			lot := Lot{Lot: name, OnHand: genQuantityFrom(t, 0), UnitCost: genNullAmount(t, "cost"), ReceivedOn: genNullDate.Draw(t, "received"), ExpiryDate: genNullDate.Draw(t, "expiry")}
			if name == "" {
				lot.OnHand = -lot.OnHand
			}
			v.Lots = append(v.Lots, lot)
		}
		return v
	case ClientEntry:
		return &Client{Name: genText.Draw(t, "name")}
	}
	v := &Heartbeat{Currency: genCurrency.Draw(t, "currency"), Streams: map[string]int64{}}
	for i := range rapid.IntRange(0, 4).Draw(t, "streams") {
		v.Streams[fmt.Sprintf("sales/%d", i)] = genAmount.Draw(t, "sequence")
	}
	return v
}

func genAttributes(t *rapid.T, typ Type) Attributes {
	a := Attributes{
		ID: genID.Draw(t, "id"), Type: typ, Subject: rapid.OneOf(rapid.Just(""), genID).Draw(t, "subject"), Key: genID.Draw(t, "key"),
		Source: rapid.SampledFrom([]string{"/ledgers/6f3a", "/ledgers/77", "https://shop.example/till?n=1", "urn:till:4"}).Draw(t, "source"),
		Time:   time.Unix(rapid.Int64Range(0, 253402300799).Draw(t, "seconds"), rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 999_999_999)).Draw(t, "nanos")).UTC(),
	}
	if rapid.Bool().Draw(t, "numbered") {
		a.Revision = rapid.Int64Min(1).Draw(t, "revision")
	}
	if rapid.Bool().Draw(t, "streamed") {
		a.Stream, a.Sequence = fmt.Sprintf("%s/%d", typ.Topic(), rapid.IntRange(0, 999).Draw(t, "partition")), rapid.Int64Min(1).Draw(t, "sequence")
	}
	if rapid.Bool().Draw(t, "traced") {
		a.TraceParent = rapid.StringMatching(`00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]`).Draw(t, "trace")
	}
	if typ == RelayHeartbeat {
		a.Key = a.Source
	}
	return a
}

func genEvent(t *rapid.T) Event {
	typ := rapid.SampledFrom(Types()).Draw(t, "type")
	return Event{Attributes: genAttributes(t, typ), Data: genData(t, typ)}
}

// genMutated changes a few bytes of b: what breaks, and what almost does not.
func genMutated(t *rapid.T, b []byte) []byte {
	b = slices.Clone(b)
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		at := rapid.IntRange(0, len(b)).Draw(t, "at")
		end := min(len(b), at+rapid.IntRange(0, 12).Draw(t, "length"))
		what := rapid.OneOf(
			rapid.SampledFrom(mutations),
			rapid.SampledFrom(mutations),
			rapid.Custom(func(t *rapid.T) string { return string([]byte{rapid.Byte().Draw(t, "byte")}) }),
			rapid.Custom(func(t *rapid.T) string { // a piece of itself
				from := rapid.IntRange(0, len(b)).Draw(t, "from")
				return string(b[from:rapid.IntRange(from, len(b)).Draw(t, "to")])
			}),
		).Draw(t, "what")
		b = slices.Concat(b[:at], []byte(what), b[end:])
	}
	return b
}

var mutations = strings.Split(`|0|00|-|-0|.|.5|.0000|.0001|1e2|null|""|"|\|\u0041|\ud800|,|:|{|}|[|]| |`+"\t|\n|\xff|\xc3|é|\x00|"+
	`true|9223372036854775807|9223372036854775808|99999999999999999999|"extra":1,|"net":5,|"NET":5,|"name":"x",|2011-02-29|2012-02-29|1899-12-31|EUR|XXX|gbp|"":|{"a":1,"a":2}`, "|")
