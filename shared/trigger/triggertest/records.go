package triggertest

import (
	"fmt"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// logged is a record with where it is put.
type logged struct {
	topic     event.Topic
	partition int32
	message   event.Message
}

// keys and the partitions that they are of.
var keys = []string{"apple", "pear", "plum", "fig", "café-60%"}

func partitionOf(key string) int32 { return int32(event.Partition(key, Partitions)) }

// writer makes the records of the suite, as ledgers and others write them.
type writer struct {
	log       []logged
	revisions map[string]int64
	sequences map[string]int64
	n         int
}

func newWriter() *writer {
	return &writer{revisions: map[string]int64{}, sequences: map[string]int64{}}
}

func (w *writer) put(topic event.Topic, p int32, m event.Message) {
	w.log = append(w.log, logged{topic, p, m})
}

// attributes are those of a ledger's next event.
func (w *writer) attributes(typ event.Type, key string) event.Attributes {
	w.n++
	family := key + string(typ.Family())
	w.revisions[family]++
	stream := fmt.Sprintf("%s/%d", typ.Topic(), partitionOf(key))
	w.sequences[stream]++
	return event.Attributes{
		ID: fmt.Sprintf("01900000-0000-7000-8000-%012d", w.n), Source: "/ledgers/0190aaaa-0000-7000-8000-000000000001", Type: typ, Subject: "INV-" + key,
		Time: start.Add(time.Duration(w.n) * time.Second), Key: key, Revision: w.revisions[family], Stream: stream, Sequence: w.sequences[stream],
	}
}

func sale(net money.Amount) *event.ProductSale {
	return &event.ProductSale{DocumentID: "INV-1", Date: today, Name: "a thing", Quantity: 1000, Net: net, Currency: "GBP"}
}

func encode(a event.Attributes, d event.Data) event.Message {
	return event.Encode(a, event.MarshalData(d))
}

// sold is a ledger's sale.
func (w *writer) sold(key string, net money.Amount) event.Message {
	m := encode(w.attributes(event.ProductSold, key), sale(net))
	w.put(event.Sales, partitionOf(key), m)
	return m
}

func (w *writer) returned(key string, net money.Amount) {
	w.put(event.Sales, partitionOf(key), encode(w.attributes(event.ProductReturned, key), sale(net)))
}

func (w *writer) named(key, name string) {
	d := &event.Product{Name: name, Kind: event.KindStock, Currency: "GBP"}
	w.put(event.Inventory, partitionOf(key), encode(w.attributes(event.ProductChanged, key), d))
}

// unused is an event of a type that the function does not take.
func (w *writer) unused(key string) {
	w.put(event.Sales, partitionOf(key), encode(w.attributes(event.ClientInvoiced, key), &event.ClientDocument{DocumentID: "INV-1", Date: today, Net: 1, Currency: "GBP"}))
}

// foreign is a sale of another producer, with its own numbers or none.
func (w *writer) foreign(key, id string, revision int64, net money.Amount) event.Message {
	w.n++
	m := encode(event.Attributes{
		ID: id, Source: "/shops/web", Type: event.ProductSold, Time: start.Add(time.Duration(w.n) * time.Second), Key: key, Revision: revision,
	}, sale(net))
	w.put(event.Sales, partitionOf(key), m)
	return m
}

// header changes a header of a message.
func header(m event.Message, name, value string) event.Message {
	headers := make([]event.Header, len(m.Headers))
	copy(headers, m.Headers)
	for i := range headers {
		if headers[i].Key == name {
			headers[i].Value = []byte(value)
		}
	}
	m.Headers = headers
	return m
}

// good is a shop's day.
func (w *writer) good() {
	for round := range 4 {
		for i, key := range keys {
			w.sold(key, money.Amount(100*(round+1)+i))
		}
		w.named(keys[round], fmt.Sprintf("name %d", round))
		w.unused(keys[0])
		w.returned(keys[1], 7)
		w.foreign(keys[2], fmt.Sprintf("web-%d", round), int64(round)+1, 11)
		w.foreign(keys[3], fmt.Sprintf("till-%d", round), 0, 13)
	}
}

// poison is what can never be applied, of every sort that a trigger may meet.
func (w *writer) poison() {
	w.foreign("fig", "till-refused", 0, refusedNet)
	w.numbered()
	w.foreign("fig", "till-refused-too", 0, refusedNet)
	w.good()
}

// numbered is the poison that has revisions, or is no event. Each lies between good
// records of its partition.
func (w *writer) numbered() {
	plain := func(m event.Message) { w.put(event.Sales, 0, m) }
	w.good()
	plain(event.Message{Key: []byte("apple"), Value: []byte(`{"no":"event"}`), Headers: []event.Header{{Key: "content-type", Value: []byte("application/json")}, {Key: "producer", Value: []byte("till")}}})
	plain(event.Message{Value: []byte("just a text")})
	plain(event.Message{Key: []byte("k")})
	w.good()
	bad := func(f func(event.Message) event.Message) {
		w.put(event.Sales, partitionOf("pear"), f(encode(w.attributes(event.ProductSold, "pear"), sale(1))))
	}
	bad(func(m event.Message) event.Message { return header(m, "ce_revision", "minus one") })
	bad(func(m event.Message) event.Message { return header(m, "ce_type", "shop.sneezed") })
	bad(func(m event.Message) event.Message { m.Value = []byte(`{"net":"a lot"}`); return m })
	bad(func(m event.Message) event.Message { m.Value = m.Value[:len(m.Value)/2]; return m })
	bad(func(m event.Message) event.Message { m.Value = nil; return m })
	w.sold("pear", refusedNet)
	w.sold("plum", panicNet)
	w.sold("fig", fatNet)
	other := w.attributes(event.ProductSold, "apple")
	other.Source = "/ledgers/0190bbbb-0000-7000-8000-000000000002"
	w.put(event.Sales, partitionOf("apple"), encode(other, sale(5)))
	euro := sale(5)
	euro.Currency = "EUR"
	w.put(event.Sales, partitionOf("apple"), encode(w.attributes(event.ProductSold, "apple"), euro))
	// In structured mode: one that is right, one that is cut.
	a := w.attributes(event.ProductSold, "café-60%")
	line := event.EncodeStructured(a, event.MarshalData(sale(50)))
	w.put(event.Sales, partitionOf(a.Key), event.StructuredMessage(a.Key, line))
	w.put(event.Sales, partitionOf("apple"), event.StructuredMessage("apple", []byte(`{"specversion":"1.0","partitionkey":"apple","data":{`)))
	w.good()
}
