package simulation

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"comptoir/functions/productwinners"
	"comptoir/shared/event"
)

// producer is another program that publishes events of its own.
type producer struct {
	h        *history
	source   string
	numbered bool // it gives revisions
	streams  bool // and sequences
	sent     int64
	last     time.Time
	revision map[string]int64 // by family and key
	sequence map[string]int64 // by partition
	// held back: they come later, after greater revisions.
	held []message
	past []message // what was sent
}

// message is a record on its way to a partition.
type message struct {
	topic     event.Topic
	partition int32
	event.Message
}

func newProducers(h *history) []*producer {
	sources := []producer{
		{source: "/tills/1", numbered: true, streams: true},
		{source: "/tills/2", numbered: true},
		{source: "/old-till"},
		{source: unstorableMark + "/till", numbered: true},
	}
	all := make([]*producer, len(sources))
	for i := range sources {
		p := &sources[i]
		p.h, p.revision, p.sequence = h, map[string]int64{}, map[string]int64{}
		all[i] = p
	}
	return all
}

// foreign publishes a few events of one producer.
func (h *history) foreign(r *rand.Rand) {
	n := 3
	if h.plan.faults[badRecords] {
		n = 4
	}
	p := h.producers[r.IntN(n)]
	many := 1 + r.IntN(4)
	if !p.numbered && r.IntN(6) == 0 && h.styles[h.index(productwinners.FunctionName)] != singleEvents {
		// More than the ids that a document keeps: from then on repetitions of the
		// producer's own would count, and those of the trigger must not, where it
		// tells the records' places.
		h.busy(r, p)
		return
	}
	for range many {
		m := p.make(r)
		if h.plan.faults[badRecords] && r.IntN(9) == 0 {
			m = p.spoil(r, m)
		}
		switch {
		case p.numbered && r.IntN(7) == 0:
			h.count("held back by a producer")
			p.held = append(p.held, m)
			continue
		case h.plan.faults[duplicates] && r.IntN(6) == 0:
			h.count("sent twice by a producer")
			p.send(m)
		}
		p.send(m)
	}
	if len(p.held) > 0 && r.IntN(3) == 0 {
		p.release()
	}
	if len(p.past) > 0 && h.plan.faults[duplicates] && r.IntN(5) == 0 {
		h.count("sent twice by a producer")
		// One without revisions is known by the last 64 ids of each document.
		p.send(p.past[len(p.past)-1-r.IntN(min(len(p.past), 20))])
	}
}

// busy publishes many events of one entity.
func (h *history) busy(r *rand.Rand, p *producer) {
	h.count("busy producer without revisions")
	key := h.products[r.IntN(len(h.products))]
	for range 70 {
		kind, data := event.ProductSold, fmt.Sprintf(`{"document_id":"B%d","date":"%s","name":"","quantity":1,"net":%d,"cost":null,"currency":"GBP"}`, p.sent, event.DateOf(h.now()), r.IntN(500))
		p.send(p.message(kind, key, data))
	}
	p.past = nil // it repeats none of these
}

func (p *producer) send(m message) {
	p.past = append(p.past, m)
	p.h.broker.append(string(m.topic), m.partition, []event.Message{m.Message})
}

// release sends what was held back.
func (p *producer) release() {
	for _, m := range p.held {
		p.send(m)
	}
	p.held = nil
}

// make draws an event.
func (p *producer) make(r *rand.Rand) message { return p.message(p.draw(r)) }

func (p *producer) message(kind event.Type, key, data string) message {
	h := p.h
	p.sent++
	// Its clock goes on by at least a little, so that registers have an order.
	p.last = maxTime(p.last.Add(time.Millisecond), h.now())
	partition := event.Partition(key, h.broker.partitions)
	a := event.Attributes{
		ID: fmt.Sprintf("%s-%d", p.source[1:], p.sent), Source: p.source, Type: kind, Subject: "doc " + strconv.FormatInt(p.sent, 10),
		Time: p.last, Key: key,
	}
	if p.numbered {
		counter := string(kind.Family()) + " " + key
		p.revision[counter]++
		a.Revision = p.revision[counter]
	}
	if p.streams {
		a.Stream = at(string(kind.Topic()), int32(partition))
		p.sequence[a.Stream]++
		a.Sequence = p.sequence[a.Stream]
	}
	m := message{kind.Topic(), int32(partition), event.Encode(a, []byte(data))}
	if strings.HasPrefix(p.source, unstorableMark) {
		h.illnesses[p.source+" "+a.ID] = unstorable
	}
	return m
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// draw draws what an event says, as JSON that nobody's code has written.
func (p *producer) draw(r *rand.Rand) (kind event.Type, key, data string) {
	h := p.h
	day := event.DateOf(h.now()) - event.Date(r.IntN(75))
	if r.IntN(15) == 0 {
		day += event.Date(75 + r.IntN(20))
	}
	products := append([]string{"F1", "F2"}, h.products...)
	product, client := products[r.IntN(len(products))], "C"+strconv.Itoa(1+r.IntN(3))
	switch r.IntN(12) {
	case 0:
		return event.ProductChanged, product, fmt.Sprintf(`{"name":"%s of %s","category":"c%d","kind":"stock","buy_price":%s,"sell_price":%d,"min_margin":%s,"currency":"GBP"}`,
			product, p.source, r.IntN(3), nullOr(r, 100+r.IntN(900)), 200+r.IntN(2000), nullOr(r, r.IntN(10_000)))
	case 1:
		return event.ClientChanged, client, fmt.Sprintf(`{"name":"client %d of %s"}`, r.IntN(100), p.source)
	case 2:
		return event.StockChanged, product, fmt.Sprintf(`{"last_sold_on":"%s","lots":[{"lot":"L%d","on_hand":%d.%d,"unit_cost":%s,"received_on":"%s","expiry_date":"%s"},{"lot":"Z","on_hand":%d,"unit_cost":%d,"received_on":"%s","expiry_date":null}]}`,
			day, r.IntN(3), r.IntN(30), r.IntN(999), nullOr(r, r.IntN(700)), day-20, day+event.Date(r.IntN(90)), r.IntN(5), r.IntN(500), day-event.Date(r.IntN(60)))
	case 3, 4, 5:
		kinds := []event.Type{event.ClientInvoiced, event.ClientInvoiced, event.ClientCredited, event.ClientInvoiceVoided, event.ClientCreditVoided}
		kind := kinds[r.IntN(len(kinds))]
		return kind, client, fmt.Sprintf(`{"document_id":"D%d","date":"%s",%s"net":%d,"currency":"GBP"%s}`,
			p.sent, day, voided(kind, day), r.IntN(90_000), spanOf(r, "first_purchase", "last_purchase", day))
	}
	kinds := []event.Type{
		event.ProductSold, event.ProductSold, event.ProductSold, event.ProductReturned, event.ProductSaleVoided, event.ProductReturnVoided,
		event.ProductSaleCosted, event.ProductReturnCosted,
	}
	kind = kinds[r.IntN(len(kinds))]
	cost := nullOr(r, r.IntN(4000))
	if kind == event.ProductSaleCosted || kind == event.ProductReturnCosted {
		cost = strconv.Itoa(r.IntN(4000))
	}
	return kind, product, fmt.Sprintf(`{"document_id":"D%d","date":"%s",%s"name":"%s as sold","quantity":%d.%03d,"net":%d,"cost":%s,"currency":"GBP"%s}`,
		p.sent, day, voided(kind, day), product, 1+r.IntN(9), r.IntN(1000), r.IntN(9000), cost, spanOf(r, "first_sold_on", "last_sold_on", day))
}

func nullOr(r *rand.Rand, v int) string {
	if r.IntN(3) == 0 {
		return "null"
	}
	return strconv.Itoa(v)
}

func voided(kind event.Type, day event.Date) string {
	switch kind {
	case event.ProductSaleVoided, event.ProductReturnVoided, event.ClientInvoiceVoided, event.ClientCreditVoided:
		return fmt.Sprintf(`"voided_on":"%s",`, day+2)
	}
	return ""
}

// spanOf draws a first and a last date; half of the producers' entries have none.
func spanOf(r *rand.Rand, first, last string, day event.Date) string {
	if r.IntN(2) == 0 {
		return ""
	}
	return fmt.Sprintf(`,"%s":"%s","%s":"%s"`, first, day-event.Date(r.IntN(9)), last, day+event.Date(r.IntN(5)))
}

// spoil makes a record one that can never be applied.
func (p *producer) spoil(r *rand.Rand, m message) message {
	h := p.h
	h.count("bad record")
	var id, kind string
	for _, header := range m.Headers {
		switch header.Key {
		case "ce_id":
			id = p.source + " " + string(header.Value)
		case "ce_type":
			kind = string(header.Value)
		}
	}
	set := func(name, value string) {
		for i := range m.Headers {
			if m.Headers[i].Key == name {
				m.Headers[i].Value = []byte(value)
			}
		}
	}
	sums := m.topic == event.Sales
	switch n := r.IntN(7); {
	case n == 0:
		m.Headers, m.Value = nil, fmt.Appendf(nil, "no event at all, %s", id)
		h.illnesses[string(m.Value)] = unreadable
	case n == 1 && p.numbered:
		set("ce_revision", "-7")
		h.illnesses[id] = unreadable
	case n == 2:
		m.Key = []byte("another")
		h.illnesses[id] = unreadable
	case n == 3:
		m.Value = m.Value[:len(m.Value)-3]
		h.illnesses[id] = unfitting
	case n == 4 && sums:
		m.Value = bytes.Replace(m.Value, []byte(`"currency":"GBP"`), []byte(`"currency":"EUR"`), 1)
		h.illnesses[id] = unfitting
	case n == 5 && kind == event.ProductSold.String():
		m.Value = bytes.Replace(m.Value, []byte(`"net":`), []byte(`"net":999999999999999`), 1)
		h.illnesses[id] = unfitting
	case n == 6 && h.database.ledger() != "":
		// The state holds one ledger, the first.
		set("ce_source", "/ledgers/another")
		h.illnesses["/ledgers/another "+id[len(p.source)+1:]] = unfitting
	default:
		m.Value = bytes.Replace(m.Value, []byte(`":`), []byte(`":!`), 1)
		h.illnesses[id] = unfitting
	}
	return m
}
