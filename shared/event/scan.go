package event

import (
	"unicode/utf8"

	"comptoir/shared/money"
)

// scan reads data that is written exactly as MarshalData writes it and right in
// every member. It returns nil for everything else and in any doubt, also for
// what is wrong: then readData decides. Whatever scan accepts, readData accepts
// with the same result; a fuzz test holds the two together.
func (d *Decoder) scan(t Type, data []byte) Data {
	s := scanner{b: data}
	switch t {
	case ProductChanged:
		return d.scanProduct(&s)
	case StockChanged:
		return d.scanStock(&s)
	case ClientChanged:
		s.lit(`{"name":"`)
		name := s.text(MaxText)
		if s.lit(`}`); !s.done() {
			return nil
		}
		v := d.clients.next()
		v.Name = d.intern(name)
		return v
	}
	switch t.Family() {
	case ProductSums:
		return d.scanProductSale(t, &s)
	case ClientSums:
		return d.scanClientDocument(t, &s)
	}
	return nil
}

func (d *Decoder) scanProductSale(t Type, s *scanner) Data {
	var v ProductSale
	s.lit(`{"document_id":"`)
	document := s.id()
	s.lit(`,"date":"`)
	v.Date = s.date()
	if t.isVoid() {
		s.lit(`,"voided_on":"`)
		v.VoidedOn = s.date()
	}
	s.lit(`,"name":"`)
	name := s.text(MaxText)
	s.lit(`,"quantity":`)
	v.Quantity = s.quantity()
	s.lit(`,"net":`)
	v.Net = s.amount()
	s.lit(`,"cost":`)
	v.Cost = s.nullAmount()
	s.lit(`,"currency":"`)
	v.Currency = d.scanCurrency(s)
	s.lit(`,"first_sold_on":`)
	v.FirstSoldOn = s.nullDate()
	s.lit(`,"last_sold_on":`)
	v.LastSoldOn = s.nullDate()
	if s.lit(`}`); !s.done() || checkProductSale(t, &v) != nil {
		return nil
	}
	v.DocumentID, v.Name = d.intern(document), d.intern(name)
	to := d.sales.next()
	*to = v
	return to
}

func (d *Decoder) scanClientDocument(t Type, s *scanner) Data {
	var v ClientDocument
	s.lit(`{"document_id":"`)
	document := s.id()
	s.lit(`,"date":"`)
	v.Date = s.date()
	if t.isVoid() {
		s.lit(`,"voided_on":"`)
		v.VoidedOn = s.date()
	}
	s.lit(`,"net":`)
	v.Net = s.amount()
	s.lit(`,"currency":"`)
	v.Currency = d.scanCurrency(s)
	s.lit(`,"first_purchase":`)
	v.FirstPurchase = s.nullDate()
	s.lit(`,"last_purchase":`)
	v.LastPurchase = s.nullDate()
	if s.lit(`}`); !s.done() || checkClientDocument(&v) != nil {
		return nil
	}
	v.DocumentID = d.intern(document)
	to := d.documents.next()
	*to = v
	return to
}

func (d *Decoder) scanProduct(s *scanner) Data {
	var v Product
	s.lit(`{"name":"`)
	name := s.text(MaxText)
	s.lit(`,"category":"`)
	category := s.text(MaxText)
	s.lit(`,"kind":"`)
	v.Kind = parseKind(s.text(MaxID))
	s.lit(`,"buy_price":`)
	v.BuyPrice = s.nullAmount()
	s.lit(`,"sell_price":`)
	v.SellPrice = s.nullAmount()
	s.lit(`,"min_margin":`)
	margin := s.nullAmount()
	v.MinMargin = money.NullBasisPoints{BasisPoints: money.BasisPoints(margin.Amount), Valid: margin.Valid}
	s.lit(`,"currency":"`)
	v.Currency = d.scanCurrency(s)
	if s.lit(`}`); !s.done() || checkProduct(&v) != nil {
		return nil
	}
	v.Name, v.Category = d.intern(name), d.intern(category)
	to := d.products.next()
	*to = v
	return to
}

func (d *Decoder) scanStock(s *scanner) Data {
	v := Stock{}
	s.lit(`{"last_sold_on":`)
	v.LastSoldOn = s.nullDate()
	s.lit(`,"lots":[`)
	d.lots = d.lots[:0]
	for more := !s.next(']'); more && !s.bad; more = s.next(',') {
		s.lit(`{"lot":"`)
		lot := Lot{Lot: d.intern(s.text(MaxID))}
		s.lit(`,"on_hand":`)
		lot.OnHand = s.quantity()
		s.lit(`,"unit_cost":`)
		lot.UnitCost = s.nullAmount()
		s.lit(`,"received_on":`)
		lot.ReceivedOn = s.nullDate()
		s.lit(`,"expiry_date":`)
		lot.ExpiryDate = s.nullDate()
		s.lit(`}`)
		d.lots = append(d.lots, lot)
	}
	s.lit(`]}`)
	v.Lots = d.lots
	if !s.done() || checkStock(&v) != nil {
		return nil
	}
	v.Lots = append([]Lot(nil), d.lots...) // nil where there is none
	return &v
}

func (d *Decoder) scanCurrency(s *scanner) money.Currency {
	code := s.text(3)
	if string(code) == d.currency {
		return money.Currency(d.currency)
	}
	c, err := money.ParseCurrency(string(code))
	if err != nil {
		s.fail()
		return ""
	}
	d.currency = string(c)
	return c
}

// scanner reads forward through data. Once something is not as expected it is
// bad, stands at the end, and every further step does nothing.
type scanner struct {
	b   []byte
	i   int
	bad bool
}

func (s *scanner) fail() { s.bad, s.i = true, len(s.b) }

func (s *scanner) done() bool { return !s.bad && s.i == len(s.b) }

// lit steps over a text that must stand here.
func (s *scanner) lit(text string) {
	if end := s.i + len(text); end <= len(s.b) && string(s.b[s.i:end]) == text {
		s.i = end
		return
	}
	s.fail()
}

// next tells whether c stands here; a comma is stepped over.
func (s *scanner) next(c byte) bool {
	if s.i >= len(s.b) || s.b[s.i] != c {
		return false
	}
	if c == ',' {
		s.i++
	}
	return true
}

// text reads the rest of a string of at most limit bytes, whose opening quote
// was stepped over, and its closing quote. Escapes are left to readData.
func (s *scanner) text(limit int) []byte {
	rest, high := s.b[s.i:], byte(0)
	for j, c := range rest {
		if c == '"' {
			s.i += j + 1
			if j > limit || high >= utf8.RuneSelf && !utf8.Valid(rest[:j]) {
				break
			}
			return rest[:j]
		}
		if c < ' ' || c == '\\' {
			break
		}
		high |= c
	}
	s.fail()
	return nil
}

func (s *scanner) id() []byte {
	b := s.text(MaxID)
	if idProblem(b) != "" {
		s.fail()
	}
	return b
}

// digits reads at most 18 digits without leading zeros, which fit in 64 bits.
func (s *scanner) digits() int64 {
	var v int64
	from := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		v = v*10 + int64(s.b[s.i]-'0')
		s.i++
	}
	if n := s.i - from; n == 0 || n > 18 || n > 1 && s.b[from] == '0' {
		s.fail()
		return 0
	}
	return v
}

func (s *scanner) amount() money.Amount { return money.Amount(s.digits()) }

func (s *scanner) null() bool {
	if s.i < len(s.b) && s.b[s.i] == 'n' {
		s.lit("null")
		return true
	}
	return false
}

func (s *scanner) nullAmount() money.NullAmount {
	if s.null() {
		return money.NullAmount{}
	}
	return money.Some(s.amount())
}

func (s *scanner) quantity() money.Quantity {
	negative := s.i < len(s.b) && s.b[s.i] == '-'
	if negative {
		s.i++
	}
	v := s.digits()
	if v > 1<<53 { // far from where thousandths overflow
		s.fail()
		return 0
	}
	v *= money.PerUnit
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		from, scale := s.i, int64(money.PerUnit)
		for s.i < len(s.b) && s.b[s.i]-'0' <= 9 && scale > 1 {
			scale /= 10
			v += int64(s.b[s.i]-'0') * scale
			s.i++
		}
		if s.i == from {
			s.fail()
		}
	}
	if negative {
		if v == 0 { // -0 is left to readData
			s.fail()
		}
		v = -v
	}
	return money.Quantity(v)
}

// date reads the rest of a string with a date and its closing quote.
func (s *scanner) date() Date {
	const length = len("2006-01-02")
	if s.i+length < len(s.b) {
		y, m, d, ok := scanYMD(s.b[s.i : s.i+length])
		if ok && y >= firstYear && s.b[s.i+length] == '"' {
			s.i += length + 1
			return fromCivil(y, m, d)
		}
	}
	s.fail()
	return NoDate
}

func (s *scanner) nullDate() Date {
	if s.null() {
		return NoDate
	}
	s.lit(`"`)
	return s.date()
}
