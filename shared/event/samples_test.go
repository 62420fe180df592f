package event

import (
	"time"

	"comptoir/shared/money"
)

// samples are plain events, one of each type, as a ledger writes them.
var samples = func() []Event {
	day := func(d int) Date { return NewDate(2011, time.December, d) }
	sale := func(voided Date) *ProductSale {
		return &ProductSale{
			DocumentID: "INV-019473", Date: day(9), VoidedOn: voided, Name: "REGENCY CAKESTAND 3 TIER", Quantity: 6_125, Net: 7650,
			Cost: money.Some(4100), Currency: "GBP", FirstSoldOn: NewDate(2010, time.December, 1), LastSoldOn: day(9),
		}
	}
	client := func(voided Date) *ClientDocument {
		return &ClientDocument{
			DocumentID: "INV-019473", Date: day(9), VoidedOn: voided, Net: 30_210, Currency: "GBP",
			FirstPurchase: NewDate(2010, time.December, 1), LastPurchase: day(9),
		}
	}
	data := map[Type]Data{
		ProductSold: sale(NoDate), ProductReturned: sale(NoDate), ProductSaleVoided: sale(day(10)), ProductReturnVoided: sale(day(10)),
		ProductSaleCosted: sale(NoDate), ProductReturnCosted: sale(NoDate),
		ClientInvoiced: client(NoDate), ClientCredited: client(NoDate), ClientInvoiceVoided: client(day(10)), ClientCreditVoided: client(day(10)),
		ProductChanged: &Product{
			Name: "REGENCY CAKESTAND 3 TIER", Category: "Kitchen", Kind: KindStock, BuyPrice: money.Some(670), SellPrice: money.Some(1275),
			MinMargin: money.SomeBasisPoints(2000), Currency: "GBP",
		},
		StockChanged: &Stock{LastSoldOn: day(9), Lots: []Lot{
			{Lot: "L1", OnHand: 234_000, UnitCost: money.Some(670), ReceivedOn: day(1), ExpiryDate: day(19)},
			{Lot: "", OnHand: -2_500, UnitCost: money.NullAmount{}},
		}},
		ClientChanged:  &Client{Name: "Café du Nord"},
		RelayHeartbeat: &Heartbeat{Currency: "GBP", Streams: map[string]int64{"sales/0": 918, "sales/1": 0}},
	}
	var all []Event
	for _, t := range Types() {
		a := Attributes{
			ID: "019ac3f0-7a52-7cc3-98c4-dc0c0c07398f", Source: "/ledgers/6f3a", Type: t, Subject: "INV-019473",
			Time: time.Date(2011, time.December, 9, 12, 50, 0, 123_456_000, time.UTC), Key: "22423", Revision: 918, Stream: string(t.Topic()) + "/3", Sequence: 70_211,
		}
		if t == RelayHeartbeat {
			a.Key, a.Revision, a.Stream, a.Sequence = a.Source, 0, "", 0
		}
		all = append(all, Event{Attributes: a, Data: data[t]})
	}
	return all
}()

// sample returns the sample of a type, with data of its own.
func sample(t Type) Event { return samples[t-1] }
