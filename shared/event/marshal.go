package event

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

// MarshalData writes the data of an event as JSON without spaces, with its
// members always in the same order. Dates that may be absent are written as
// null, but voided_on is left out where it is none.
func MarshalData(d Data) []byte { return AppendData(make([]byte, 0, 256), d) }

// AppendData appends what MarshalData writes.
func AppendData(b []byte, d Data) []byte {
	switch d := d.(type) {
	case *ProductSale:
		return appendProductSale(b, d)
	case *ClientDocument:
		return appendClientDocument(b, d)
	case *Product:
		return appendProduct(b, d)
	case *Stock:
		return appendStock(b, d)
	case *Client:
		return append(appendString(append(b, `{"name":`...), d.Name), '}')
	case *Heartbeat:
		return appendHeartbeat(b, d)
	}
	return append(b, "null"...)
}

func appendProductSale(b []byte, d *ProductSale) []byte {
	b = appendString(append(b, `{"document_id":`...), d.DocumentID)
	b = appendDate(append(b, `,"date":`...), d.Date)
	if d.VoidedOn != NoDate {
		b = appendDate(append(b, `,"voided_on":`...), d.VoidedOn)
	}
	b = appendString(append(b, `,"name":`...), d.Name)
	b = d.Quantity.Append(append(b, `,"quantity":`...))
	b = strconv.AppendInt(append(b, `,"net":`...), int64(d.Net), 10)
	b = appendNull(append(b, `,"cost":`...), int64(d.Cost.Amount), d.Cost.Valid)
	b = appendString(append(b, `,"currency":`...), string(d.Currency))
	b = appendDate(append(b, `,"first_sold_on":`...), d.FirstSoldOn)
	b = appendDate(append(b, `,"last_sold_on":`...), d.LastSoldOn)
	return append(b, '}')
}

func appendClientDocument(b []byte, d *ClientDocument) []byte {
	b = appendString(append(b, `{"document_id":`...), d.DocumentID)
	b = appendDate(append(b, `,"date":`...), d.Date)
	if d.VoidedOn != NoDate {
		b = appendDate(append(b, `,"voided_on":`...), d.VoidedOn)
	}
	b = strconv.AppendInt(append(b, `,"net":`...), int64(d.Net), 10)
	b = appendString(append(b, `,"currency":`...), string(d.Currency))
	b = appendDate(append(b, `,"first_purchase":`...), d.FirstPurchase)
	b = appendDate(append(b, `,"last_purchase":`...), d.LastPurchase)
	return append(b, '}')
}

func appendProduct(b []byte, d *Product) []byte {
	b = appendString(append(b, `{"name":`...), d.Name)
	b = appendString(append(b, `,"category":`...), d.Category)
	b = appendString(append(b, `,"kind":`...), string(d.Kind))
	b = appendNull(append(b, `,"buy_price":`...), int64(d.BuyPrice.Amount), d.BuyPrice.Valid)
	b = appendNull(append(b, `,"sell_price":`...), int64(d.SellPrice.Amount), d.SellPrice.Valid)
	b = appendNull(append(b, `,"min_margin":`...), int64(d.MinMargin.BasisPoints), d.MinMargin.Valid)
	b = appendString(append(b, `,"currency":`...), string(d.Currency))
	return append(b, '}')
}

func appendStock(b []byte, d *Stock) []byte {
	b = appendDate(append(b, `{"last_sold_on":`...), d.LastSoldOn)
	b = append(b, `,"lots":[`...)
	for i := range d.Lots {
		lot := &d.Lots[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"lot":`...), lot.Lot)
		b = lot.OnHand.Append(append(b, `,"on_hand":`...))
		b = appendNull(append(b, `,"unit_cost":`...), int64(lot.UnitCost.Amount), lot.UnitCost.Valid)
		b = appendDate(append(b, `,"received_on":`...), lot.ReceivedOn)
		b = appendDate(append(b, `,"expiry_date":`...), lot.ExpiryDate)
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

func appendHeartbeat(b []byte, d *Heartbeat) []byte {
	b = appendString(append(b, `{"currency":`...), string(d.Currency))
	b = append(b, `,"streams":{`...)
	streams := make([]string, 0, len(d.Streams))
	for s := range d.Streams {
		streams = append(streams, s)
	}
	slices.Sort(streams)
	for i, s := range streams {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, s), ':')
		b = strconv.AppendInt(b, d.Streams[s], 10)
	}
	return append(b, "}}"...)
}

func appendNull(b []byte, v int64, valid bool) []byte {
	if !valid {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, v, 10)
}

func appendDate(b []byte, d Date) []byte {
	if d == NoDate {
		return append(b, "null"...)
	}
	return append(d.Append(append(b, '"')), '"')
}

// appendString writes a JSON string. Bytes that are not UTF-8 become U+FFFD:
// a ledger refuses them before, and a record must never hold them.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
