package event

import (
	"fmt"
	"testing"

	"comptoir/shared/money"
)

func BenchmarkEncode(b *testing.B) {
	ev := sample(ProductSold)
	b.ReportAllocs()
	for b.Loop() {
		Encode(ev.Attributes, MarshalData(ev.Data))
	}
}

func BenchmarkMarshalData(b *testing.B) {
	ev := sample(ProductSold)
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		AppendData(buf, ev.Data)
	}
}

func BenchmarkDecode(b *testing.B) {
	all := func(Type) bool { return true }
	for name, run := range map[string]struct {
		ev   Event
		uses func(Type) bool
	}{
		"sale":      {sample(ProductSold), all},
		"client":    {sample(ClientInvoiced), all},
		"stock":     {sample(StockChanged), all},
		"heartbeat": {sample(RelayHeartbeat), all},
		"skipped":   {sample(ProductSold), func(Type) bool { return false }},
	} {
		b.Run(name, func(b *testing.B) {
			d := NewDecoder()
			m := Encode(run.ev.Attributes, MarshalData(run.ev.Data))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(m, run.uses); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReadData(b *testing.B) {
	data := MarshalData(sample(ProductSold).Data)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readData(ProductSold, data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeStructured(b *testing.B) {
	ev := sample(ProductSold)
	line := EncodeStructured(ev.Attributes, MarshalData(ev.Data))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeJSON(line); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeStream decodes records as a topic brings them: 20,000 of
// different products, documents and ids.
func BenchmarkDecodeStream(b *testing.B) {
	messages := make([]Message, 20_000)
	for i := range messages {
		ev := sample(ProductSold)
		ev.ID = fmt.Sprintf("019ac3f0-7a52-7cc3-98c4-%012x", i)
		ev.Key = fmt.Sprint(20_000 + i*7%3_900)
		ev.Subject = fmt.Sprintf("INV-%06d", i/23)
		ev.Revision, ev.Sequence = int64(i+1), int64(i+1)
		sale := *ev.Data.(*ProductSale)
		sale.DocumentID, sale.Name, sale.Net = ev.Subject, "PRODUCT NUMBER "+ev.Key, money.Amount(i)
		messages[i] = Encode(ev.Attributes, MarshalData(&sale))
	}
	d, i := NewDecoder(), 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(messages[i], nil); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(messages) {
			i = 0
		}
	}
}
