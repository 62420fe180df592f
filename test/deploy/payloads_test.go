package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// payloadDir holds what `make lambda-invoke` sends.
const payloadDir = "../../functions/testdata/lambda"

// shopEvents are a few entries of a shop as its ledger publishes them: two sales to
// one client, the catalogue and the stock behind them, and a heartbeat.
func shopEvents() []event.Event {
	const source, partitions = "/ledgers/01980a5e-6c1b-7d3e-9f00-5b7c0f1f2a3d", 8
	recorded := time.Date(2026, time.January, 15, 9, 30, 0, 0, time.UTC)
	day := event.NewDate(2026, time.January, 15)
	var all []event.Event
	revisions, sequences := map[string]int64{}, map[string]int64{}
	add := func(t event.Type, key, subject string, data event.Data) {
		a := event.Attributes{
			ID: fmt.Sprintf("0198f000-0000-7000-8000-%012d", len(all)+1), Source: source, Type: t,
			Subject: subject, Time: recorded.Add(time.Duration(len(all)) * time.Second), Key: key,
		}
		if t == event.RelayHeartbeat {
			a.Key = source
		} else {
			family := string(t.Family()) + " " + key
			revisions[family]++
			a.Stream = fmt.Sprintf("%s/%d", t.Topic(), event.Partition(key, partitions))
			sequences[a.Stream]++
			a.Revision, a.Sequence = revisions[family], sequences[a.Stream]
		}
		all = append(all, event.Event{Attributes: a, Data: data})
	}
	sold := func(document, product, name string, quantity money.Quantity, net, cost money.Amount) {
		add(event.ProductSold, product, document, &event.ProductSale{
			DocumentID: document, Date: day, Name: name, Quantity: quantity, Net: net, Cost: money.Some(cost), Currency: "EUR",
			FirstSoldOn: day, LastSoldOn: day,
		})
	}
	product := func(id, name string, buy, sell money.Amount) {
		add(event.ProductChanged, id, id, &event.Product{
			Name: name, Category: "Kitchen", Kind: event.KindStock, BuyPrice: money.Some(buy), SellPrice: money.Some(sell),
			MinMargin: money.SomeBasisPoints(2000), Currency: "EUR",
		})
	}
	invoiced := func(document string, net money.Amount) {
		add(event.ClientInvoiced, "17850", document, &event.ClientDocument{DocumentID: document, Date: day, Net: net, Currency: "EUR", FirstPurchase: day, LastPurchase: day})
	}
	product("22423", "REGENCY CAKESTAND 3 TIER", 670, 1275)
	product("22086", "PAPER CHAIN KIT 50'S CHRISTMAS", 145, 295)
	sold("INV-000001", "22423", "REGENCY CAKESTAND 3 TIER", 60_000, 76_500, 40_200)
	sold("INV-000001", "22086", "PAPER CHAIN KIT 50'S CHRISTMAS", 100_000, 29_500, 14_500)
	invoiced("INV-000001", 106_000)
	sold("INV-000002", "22423", "REGENCY CAKESTAND 3 TIER", 6_000, 7650, 4020)
	invoiced("INV-000002", 7650)
	add(event.ClientChanged, "17850", "17850", &event.Client{Name: "Café du Nord"})
	add(event.StockChanged, "22423", "22423", &event.Stock{LastSoldOn: day, Lots: []event.Lot{
		{Lot: "L1", OnHand: 12_000, UnitCost: money.Some(670), ReceivedOn: event.NewDate(2025, time.November, 3), ExpiryDate: event.NewDate(2026, time.January, 10)},
	}})
	add(event.RelayHeartbeat, "", "", &event.Heartbeat{Currency: "EUR", Streams: maps.Clone(sequences)})
	return all
}

// mskRecord is a record as Lambda hands it on. Header values are arrays of signed bytes.
type mskRecord struct {
	Topic         string              `json:"topic"`
	Partition     int                 `json:"partition"`
	Offset        int64               `json:"offset"`
	Timestamp     int64               `json:"timestamp"`
	TimestampType string              `json:"timestampType"`
	Key           []byte              `json:"key"`
	Value         []byte              `json:"value"`
	Headers       []map[string][]int8 `json:"headers"`
}

func newRecord(e event.Event) mskRecord {
	m := event.Encode(e.Attributes, event.MarshalData(e.Data))
	r := mskRecord{
		Topic: string(e.Type.Topic()), Partition: event.Partition(e.Key, 8), Timestamp: e.Time.UnixMilli(),
		TimestampType: "CREATE_TIME", Key: m.Key, Value: m.Value,
	}
	if e.Type == event.RelayHeartbeat {
		r.Partition = 0
	}
	for _, h := range m.Headers {
		signed := make([]int8, len(h.Value))
		for i, b := range h.Value {
			signed[i] = int8(b)
		}
		r.Headers = append(r.Headers, map[string][]int8{h.Key: signed})
	}
	return r
}

// payload writes records as MSK's mapping sends them, a line each, numbered from the
// offset on in each partition.
func payload(first int64, records []mskRecord) []byte {
	byPlace := map[string][]mskRecord{}
	for _, r := range records {
		place := fmt.Sprintf("%s-%d", r.Topic, r.Partition)
		r.Offset = first + int64(len(byPlace[place]))
		byPlace[place] = append(byPlace[place], r)
	}
	var b bytes.Buffer
	b.WriteString("{\n" +
		"  \"eventSource\": \"aws:kafka\",\n" +
		"  \"eventSourceArn\": \"arn:aws:kafka:eu-west-1:123456789012:cluster/comptoir/6f3a0000-0000-4000-8000-000000000000-1\",\n" +
		"  \"bootstrapServers\": \"b-1.comptoir.example:9096,b-2.comptoir.example:9096\",\n" +
		"  \"records\": {")
	separator := "\n"
	for _, place := range slices.Sorted(maps.Keys(byPlace)) {
		fmt.Fprintf(&b, "%s    %q: [", separator, place)
		separator = ",\n"
		line := "\n"
		for _, r := range byPlace[place] {
			text, err := json.Marshal(r)
			if err != nil {
				panic(err) // every part of it can be written
			}
			fmt.Fprintf(&b, "%s      %s", line, text)
			line = ",\n"
		}
		b.WriteString("\n    ]")
	}
	b.WriteString("\n  }\n}\n")
	return b.Bytes()
}

// poisonous is a third sale of a product, whose quantity is no number.
func poisonous() mskRecord {
	all := shopEvents()
	sale := all[slices.IndexFunc(all, func(e event.Event) bool { return e.Type == event.ProductSold })]
	sale.ID, sale.Subject, sale.Revision, sale.Sequence = "0198f000-0000-7000-8000-000000000099", "INV-000003", 3, 99
	r := newRecord(sale)
	r.Value = []byte(`{"document_id":"INV-000003","date":"2026-01-15","name":"REGENCY CAKESTAND 3 TIER","quantity":"six","net":7650,"cost":4020,"currency":"EUR"}`)
	return r
}

// payloads returns the file of each function: the events of its topics, the first of
// them twice, because Kafka delivers at least once; and one that holds a record which can
// never be applied between two that can. Beside them, an event of each function as it
// may be posted to it on Knative.
func payloads() map[string][]byte {
	files := map[string][]byte{}
	var poison []mskRecord
	for _, f := range registry() {
		var records []mskRecord
		for _, e := range shopEvents() {
			if slices.Contains(f.Topics, e.Type.Topic()) {
				records = append(records, newRecord(e))
			}
		}
		files[f.Name+".json"] = payload(0, append(records, records[0]))
		if f.Name == "product-winners" {
			poison = []mskRecord{records[2], poisonous(), records[3]}
		}
	}
	for function, first := range map[string]event.Type{
		"product-winners": event.ProductSold, "loss-risk": event.StockChanged, "client-promotions": event.ClientInvoiced, "freshness": event.RelayHeartbeat,
	} {
		all := shopEvents()
		e := all[slices.IndexFunc(all, func(e event.Event) bool { return e.Type == first })]
		files["../knative/"+function+".json"] = append(event.EncodeStructured(e.Attributes, event.MarshalData(e.Data)), '\n')
	}
	files["poison.json"] = payload(100, poison) // behind those of product-winners.json
	return files
}

// TestPayloadsAreThoseOfTheEvents holds the files to what the codec writes;
// UPDATE_PAYLOADS=1 writes them anew.
func TestPayloadsAreThoseOfTheEvents(t *testing.T) {
	want := payloads()
	for name, text := range want {
		file := filepath.Join(payloadDir, name)
		if os.Getenv("UPDATE_PAYLOADS") != "" {
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, text) {
			t.Errorf("%s is not what the events of today are written as: UPDATE_PAYLOADS=1 go test ./test/deploy -run Payloads", file)
		}
	}
	for _, name := range []string{"query.json", "review.json"} { // no event of Comptoir is in them
		text, err := os.ReadFile(filepath.Join(payloadDir, name))
		if err != nil || !json.Valid(text) {
			t.Errorf("%s is not JSON (%v)", name, err)
		}
	}
}
