package event

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestBrokenData gives for each rule of the data what its refusal says.
func TestBrokenData(t *testing.T) {
	for _, c := range []struct {
		typ       Type
		old, with string
		says      string // "": accepted
	}{
		{ProductSold, `"net":7650`, `"net":7650,"discount":{"of":[1,"x"]}`, ""},
		{ProductSold, `,"first_sold_on":"2010-12-01","last_sold_on":"2011-12-09"`, ``, ""},
		{ProductSold, `"currency":"GBP"`, `"voided_on":null,"currency":"GBP"`, ""},
		{ProductSold, `"name":"REGENCY CAKESTAND 3 TIER"`, `"name":""`, ""},
		{ProductSold, `"cost":4100`, `"cost":null`, ""},
		{ProductSold, `{`, ` { `, ""},
		{ProductSold, `"net":7650`, `"net":7650,"net":1`, `one JSON object in UTF-8 with no member twice: duplicate object member name \"net\"`},
		{ProductSold, `"net":7650`, `"net":7650,"more":{"a":1,"a":2}`, `no member twice`},
		{ProductSold, `"net":7650`, `"NET":7650`, "bad-data: member net: it is missing"},
		{ProductSold, `"net":7650`, `"net":-7650`, "bad-data: member net is -7650: expected a whole number from 0"},
		{ProductSold, `"net":7650`, `"net":76.5`, "member net is 76.5: expected a whole number"},
		{ProductSold, `"net":7650`, `"net":"7650"`, `member net is "\"7650\"": expected a whole number`},
		{ProductSold, `"net":7650`, `"net":9223372036854775808`, "to 9223372036854775807"},
		{ProductSold, `"net":7650`, `"net":7.65e3`, "without fraction or exponent"},
		{ProductSold, `"net":7650`, `"net":07650`, "one JSON object"},
		{ProductSold, `"net":7650`, `"net":-0`, "expected a whole number from 0"},
		{ProductSold, `"net":7650`, `"net":999999999999999999`, ""},
		{ProductSold, `"net":7650`, `"net":9223372036854775807`, ""},
		{ProductSold, `"net":7650`, `"net":7650 `, ""},
		{ProductSold, `"quantity":6.125`, `"quantity":6.`, "one JSON object"},
		{ProductSold, `"quantity":6.125`, `"quantity":06.125`, "one JSON object"},
		{ProductSold, `"quantity":6.125`, `"quantity":6.1000`, ""},
		{ProductSold, `"quantity":6.125`, `"quantity":9223372036854775.807`, ""},
		{ProductSold, `"quantity":6.125`, `"quantity":18446744073709552`, "expected a smaller number"}, // wraps around to 0.384
		{ProductSold, `"quantity":6.125`, `"quantity":0`, "member quantity is 0: expected a quantity above zero"},
		{ProductSold, `"quantity":6.125`, `"quantity":-6`, "member quantity is -6: expected a quantity above zero"},
		{ProductSold, `"quantity":6.125`, `"quantity":6.1255`, "at most 3 decimals"},
		{ProductSold, `"quantity":6.125`, `"quantity":9223372036854776`, "expected a smaller number"},
		{ProductSaleCosted, `"quantity":6.125`, `"quantity":0`, ""},
		{ProductSaleCosted, `"cost":4100`, `"cost":null`, "member cost is null: a costing gives the cost"},
		{ProductSaleVoided, `"voided_on":"2011-12-10",`, ``, "member voided_on: it is missing"},
		{ProductSold, `"date":"2011-12-09"`, `"date":"2011-12-09","voided_on":"2011-12-10"`, "only voids have a day of their own"},
		{ProductSold, `"date":"2011-12-09"`, `"date":"2011-02-29"`, `member date is "\"2011-02-29\"": expected a date YYYY-MM-DD that the calendar has`},
		{ProductSold, `"date":"2011-12-09"`, `"date":"1899-12-31"`, "from the year 1900 on"},
		{ProductSold, `"GBP"`, `"GBX"`, "expected a currency of ISO 4217"},
		{ProductSold, `"INV-019473"`, `""`, "expected 1 to 256 bytes"},
		{ProductSold, `"INV-019473"`, `" INV"`, "no white space at its ends"},
		{ProductSold, `"INV-019473"`, `"a\u0007"`, "no control characters"},
		{ProductSold, `"INV-019473"`, `"` + strings.Repeat("x", 300) + `"`, "(302 bytes): expected a text of at most 256 bytes"},
		{ProductSold, `"first_sold_on":"2010-12-01"`, `"first_sold_on":"2011-12-10"`, "it is later than last_sold_on"},
		{ProductSold, `REGENCY`, "REGENCY\xff", "in UTF-8"},
		{ProductSold, `REGENCY`, `REGENCY\ud800`, "in UTF-8"},
		{ProductSold, `REGENCY`, "REGENCY\n", "one JSON object"},
		{ProductSold, `REGENCY`, strings.Repeat("x", 1010), "expected a text of at most 1024 bytes"},
		{ProductSold, `}`, `}x`, "one JSON object"},
		{ProductSold, `}`, ``, "one JSON object"},
		{ClientInvoiced, `"first_purchase":"2010-12-01"`, `"first_purchase":"2012-12-01"`, "later than last_purchase"},
		{ProductChanged, `"stock"`, `"thing"`, `expected "stock" or "service"`},
		{ProductChanged, `"min_margin":2000`, `"min_margin":10001`, "expected basis points from 0 to 10000"},
		{ProductChanged, `"buy_price":670,`, ``, "member buy_price: it is missing"},
		{StockChanged, `"lot":""`, `"lot":"L1"`, "member lots[1].on_hand is -2.5: expected a quantity not below zero"},
		{StockChanged, `"lot":"","on_hand":-2.5`, `"lot":"L1","on_hand":2.5`, `member lots[1].lot is "L1": another lot of the product has this name`},
		{StockChanged, `"lots":[`, `"lots":[` + manyMore(40, "L1"), `lots[40].lot is "L1": another lot`},
		{StockChanged, `"lots":[`, `"lots":[` + manyMore(40, "L7"), ""},
		{StockChanged, `"on_hand":-2.5`, `"on_hand":2.5`, `what was sold beyond all lots`},
		{StockChanged, `"on_hand":234`, `"on_hand":null`, "member lots[0].on_hand is null: expected a number"},
		{StockChanged, `"lots":[`, `"lots":[5,`, "bad-data: member lots[0] is \"5\": expected a JSON object"},
		{StockChanged, `"lots":`, `"lot":`, "member lots: it is missing"},
		{ClientChanged, `Café`, `\"Caf\u00e9\"`, ""},
		{ClientChanged, `{"name":"Café du Nord"}`, `null`, "bad-data: expected a JSON object"},
		{ClientChanged, `{"name":"Café du Nord"}`, `["name"]`, "bad-data: expected a JSON object"},
		{RelayHeartbeat, `"sales/0"`, `"dead-letters/0"`, `member streams.dead-letters/0 is 918: expected members named after streams`},
		{RelayHeartbeat, `918`, `-1`, "expected a whole number from 0"},
	} {
		ev := sample(c.typ)
		right := string(MarshalData(ev.Data))
		if !strings.Contains(right, c.old) {
			t.Fatalf("nothing to replace: %s in %s", c.old, right)
		}
		data := strings.Replace(right, c.old, c.with, 1)
		_, err := NewDecoder().Decode(Encode(ev.Attributes, []byte(data)), nil)
		expectError(t, data, err, BadData, c.says)
		agree(t, NewDecoder(), c.typ, []byte(data))
	}
}

// manyMore writes n lots, the last of them with the name given.
func manyMore(n int, last string) string {
	var lots strings.Builder
	for i := range n {
		name := fmt.Sprint("many", i)
		if i == n-1 {
			name = last
		}
		fmt.Fprintf(&lots, `{"lot":%q,"on_hand":1,"unit_cost":null,"received_on":null,"expiry_date":null},`, name)
	}
	return lots.String()
}

// TestBrokenRecords does the same for attributes.
func TestBrokenRecords(t *testing.T) {
	for _, c := range []struct {
		what  string
		spoil func(*Message)
		code  Code
		says  string
	}{
		{"as it is", func(*Message) {}, "", ""},
		{"names in capitals", func(m *Message) { m.Headers[2].Key = "CE_ID" }, "", ""},
		{"a header of someone else, twice", func(m *Message) { m.Headers = append(m.Headers, Header{"x", nil}, Header{"x", nil}) }, "", ""},
		{"an extension of someone else", func(m *Message) { m.Headers = append(m.Headers, Header{"ce_region", []byte("eu")}) }, "", ""},
		{"a broken trace", func(m *Message) { m.Headers = append(m.Headers, Header{"ce_traceparent", []byte("00-zz")}) }, "", ""},
		{"another zone", set("ce_time", "2011-12-09T13:50:00+01:00"), "", ""},
		{"another schema", set("ce_dataschema", "https://shop.example/sale"), "", ""},
		{"a tombstone", func(m *Message) { m.Value = nil }, NotACloudEvent, "the record has no data"},
		{"no CloudEvent", func(m *Message) { m.Headers = nil }, NotACloudEvent, "the record has neither a ce_specversion header nor"},
		{"version 0.3", set("ce_specversion", "0.3"), NotACloudEvent, `attribute ce_specversion is "0.3": expected 1.0`},
		{"another type", set("ce_type", "comptoir.product.eaten"), UnknownType, `attribute ce_type is "comptoir.product.eaten": expected one of the types`},
		{"a type called unknown", set("ce_type", "unknown"), UnknownType, "expected one of the types"},
		{"no id", set("ce_id", ""), BadAttribute, `attribute ce_id is "": expected 1 to 256 bytes`},
		{"no source", remove("ce_source"), BadAttribute, "attribute ce_source: it is missing"},
		{"no time", remove("ce_time"), BadAttribute, "attribute ce_time: it is missing"},
		{"no key", remove("ce_partitionkey"), BadAttribute, "attribute ce_partitionkey: it is missing"},
		{"a source that is no URI", set("ce_source", "till 4"), BadAttribute, "expected a URI reference"},
		{"a day that is none", set("ce_time", "2011-02-29T12:50:00Z"), BadAttribute, `attribute ce_time is "2011-02-29T12:50:00Z": expected a time of RFC 3339`},
		{"nanoseconds far away", set("ce_time", "2011-12-09T13:50:00.123456789-23:59"), "", ""},
		{"an hour of one digit", set("ce_time", "2011-12-09T1:50:00.5Z"), BadAttribute, "expected a time of RFC 3339"},
		{"a decimal comma", set("ce_time", "2011-12-09T12:50:00,5Z"), BadAttribute, "expected a time of RFC 3339"},
		{"24 o'clock", set("ce_time", "2011-12-09T24:00:00Z"), BadAttribute, "expected a time of RFC 3339"},
		{"minute 60", set("ce_time", "2011-12-09T12:60:00Z"), BadAttribute, "expected a time of RFC 3339"},
		{"second 60", set("ce_time", "2011-12-09T12:50:60Z"), BadAttribute, "expected a time of RFC 3339"},
		{"before 1970", set("ce_time", "1969-12-31T23:59:59Z"), BadAttribute, "expected a time of RFC 3339"},
		{"after 9999", set("ce_time", "9999-12-31T23:59:59-01:00"), BadAttribute, "expected a time of RFC 3339"},
		{"a number that wraps around to 1", set("ce_revision", "18446744073709551617"), BadAttribute, "expected a whole number from 1"},
		{"the greatest number", set("ce_revision", "9223372036854775807"), "", ""},
		{"revision 0", set("ce_revision", "0"), BadAttribute, `attribute ce_revision is "0": expected a whole number from 1`},
		{"revision 1.0", set("ce_revision", "1.0"), BadAttribute, "expected a whole number from 1"},
		{"a sequence too large", set("ce_sequence", "09223372036854775808"), BadAttribute, "expected a whole number from 1"},
		{"a stream of another topic", set("ce_stream", "clients/3"), BadAttribute, `attribute ce_stream is "clients/3": expected the topic of the type and a partition, such as sales/3`},
		{"a stream without a sequence", remove("ce_sequence"), BadAttribute, "stand together or not at all"},
		{"a later schema", set("ce_dataschema", "urn:comptoir:schema:product.sold:2"), BadAttribute, "expected urn:comptoir:schema:product.sold:1"},
		{"text", set("content-type", "text/plain"), BadAttribute, "attribute content-type is \"text/plain\": expected application/json"},
		{"Latin-1", set("content-type", "application/json; charset=latin1"), BadAttribute, "in UTF-8"},
		{"many events", set("content-type", "application/cloudevents-batch+json"), BadAttribute, "expected application/json"},
		{"an attribute twice", func(m *Message) { m.Headers = append(m.Headers, m.Headers[2]) }, BadAttribute, "attribute ce_id is \"019ac3f0-7a52-7cc3-98c4-dc0c0c07398f\": it is there more than once"},
		{"a name that is none", func(m *Message) { m.Headers = append(m.Headers, Header{"ce_a-b", nil}) }, BadAttribute, "consist of letters and digits"},
		{"300 headers", func(m *Message) { m.Headers = append(m.Headers, make([]Header, 300)...) }, NotACloudEvent, "headers; expected at most 256"},
		{"no record key", func(m *Message) { m.Key = nil }, BadAttribute, `attribute ce_partitionkey is "22423": the key of the record is ""`},
		{"another record key", func(m *Message) { m.Key = []byte("x") }, BadAttribute, `the key of the record is "x"; both must be the entity`},
		{"a value that would spoil a terminal", set("ce_id", "\x1b[2J"), BadAttribute, `attribute ce_id is "\x1b[2J": expected no control characters`},
	} {
		ev := sample(ProductSold)
		m := Encode(ev.Attributes, MarshalData(ev.Data))
		c.spoil(&m)
		_, err := NewDecoder().Decode(m, nil)
		expectError(t, c.what, err, c.code, c.says)
	}
}

func expectError(t *testing.T, what string, err error, code Code, says string) {
	t.Helper()
	if says == "" {
		if err != nil {
			t.Errorf("%s\nis refused: %v", what, err)
		}
		return
	}
	var e *Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(err.Error(), says) || strings.ContainsAny(err.Error(), "\n\x1b\xff") {
		t.Errorf("%s\nsays %v\nexpected %s", what, err, says)
	}
}

func set(name, value string) func(*Message) {
	return func(m *Message) {
		for i := range m.Headers {
			if m.Headers[i].Key == name {
				m.Headers[i].Value = []byte(value)
			}
		}
	}
}

func remove(name string) func(*Message) {
	return func(m *Message) {
		kept := m.Headers[:0]
		for _, h := range m.Headers {
			if h.Key != name {
				kept = append(kept, h)
			}
		}
		m.Headers = kept
	}
}
