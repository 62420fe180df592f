package event

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"comptoir/shared/money"
)

// readData reads data with a JSON library that refuses members that stand twice
// and texts that are not UTF-8. Its verdict is the one that counts.
func readData(t Type, data []byte) (Data, *Error) {
	r, err := newReader("", data)
	if err != nil {
		return nil, err
	}
	var v Data
	switch t.Family() {
	case ProductSums:
		v = r.productSale(t)
	case ClientSums:
		v = r.clientDocument(t)
	case ProductEntry:
		v = r.product()
	case StockEntry:
		v = r.stock()
	case ClientEntry:
		v = &Client{Name: r.text("name", MaxText)}
	case HeartbeatEntry:
		v = r.heartbeat()
	}
	if r.err != nil {
		return nil, r.err
	}
	return v, nil
}

func (r *reader) productSale(t Type) *ProductSale {
	v := &ProductSale{
		DocumentID:  r.id("document_id"),
		Date:        r.date("date"),
		VoidedOn:    r.voidedOn(t),
		Name:        r.text("name", MaxText),
		Quantity:    r.quantity("quantity"),
		Net:         r.amount("net"),
		Cost:        r.nullAmount("cost"),
		Currency:    r.currency(),
		FirstSoldOn: r.nullDate("first_sold_on"),
		LastSoldOn:  r.nullDate("last_sold_on"),
	}
	r.check(func() *Error { return checkProductSale(t, v) })
	return v
}

func (r *reader) clientDocument(t Type) *ClientDocument {
	v := &ClientDocument{
		DocumentID:    r.id("document_id"),
		Date:          r.date("date"),
		VoidedOn:      r.voidedOn(t),
		Net:           r.amount("net"),
		Currency:      r.currency(),
		FirstPurchase: r.nullDate("first_purchase"),
		LastPurchase:  r.nullDate("last_purchase"),
	}
	r.check(func() *Error { return checkClientDocument(v) })
	return v
}

func (r *reader) product() *Product {
	v := &Product{
		Name:      r.text("name", MaxText),
		Category:  r.text("category", MaxText),
		Kind:      r.kind(),
		BuyPrice:  r.nullAmount("buy_price"),
		SellPrice: r.nullAmount("sell_price"),
		MinMargin: r.nullBasisPoints("min_margin"),
		Currency:  r.currency(),
	}
	r.check(func() *Error { return checkProduct(v) })
	return v
}

func (r *reader) stock() *Stock {
	v := &Stock{LastSoldOn: r.nullDate("last_sold_on")}
	raw := r.need("lots")
	var items []jsontext.Value
	if r.err == nil && (raw.Kind() != '[' || json.Unmarshal(raw, &items) != nil) {
		r.fail("lots", raw, "expected an array of lots")
	}
	for i, item := range items {
		lot, err := newReader("lots["+strconv.Itoa(i)+"]", item)
		if err != nil {
			r.err = err
			break
		}
		v.Lots = append(v.Lots, Lot{
			Lot:        lot.text("lot", MaxID),
			OnHand:     lot.quantity("on_hand"),
			UnitCost:   lot.nullAmount("unit_cost"),
			ReceivedOn: lot.nullDate("received_on"),
			ExpiryDate: lot.nullDate("expiry_date"),
		})
		if lot.err != nil {
			r.err = lot.err
			break
		}
	}
	r.check(func() *Error { return checkStock(v) })
	return v
}

func (r *reader) heartbeat() *Heartbeat {
	v := &Heartbeat{Currency: r.currency()}
	raw := r.need("streams")
	if r.err != nil {
		return v
	}
	streams, err := newReader("streams", raw)
	if err != nil {
		r.err = err
		return v
	}
	v.Streams = make(map[string]int64, len(streams.members))
	for _, name := range streams.names() {
		if !slices.ContainsFunc(LedgerTopics[:], func(t Topic) bool { return streamOK([]byte(name), t) }) {
			streams.fail(name, streams.members[name], "expected members named after streams, such as sales/3")
		}
		v.Streams[strings.Clone(name)] = streams.integer(name)
	}
	r.err = streams.err
	return v
}

// reader reads the members of one JSON object; after the first fault it reads
// nothing more.
type reader struct {
	place   string // of the object within the data, "" for the data itself
	members map[string]jsontext.Value
	err     *Error
}

func newReader(place string, b []byte) (*reader, *Error) {
	r := &reader{place: place}
	err := json.Unmarshal(b, &r.members)
	value := jsontext.Value(b)
	if err == nil && r.members != nil {
		return r, nil
	}
	if err == nil || value.Kind() != '{' && value.IsValid() {
		failure := &Error{Code: BadData, Name: place, Problem: "expected a JSON object"}
		if place != "" {
			failure.Value = quote(b)
		}
		return nil, failure
	}
	return nil, &Error{Code: BadData, Name: place, Problem: "expected one JSON object in UTF-8 with no member twice: " + reason(err)}
}

// reason shortens what the library says to its cause, in characters that can be printed.
func reason(err error) string {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && semantic.Err != nil {
		err = semantic.Err
	}
	quoted := quote(strings.TrimPrefix(err.Error(), "jsontext: "))
	return strings.TrimSuffix(strings.TrimPrefix(quoted, `"`), `"`)
}

func (r *reader) check(rule func() *Error) {
	if r.err == nil {
		r.err = rule()
	}
}

func (r *reader) names() []string {
	names := make([]string, 0, len(r.members))
	for name := range r.members {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// fail notes a fault of a member.
func (r *reader) fail(name string, raw jsontext.Value, problem string) {
	if r.err != nil {
		return
	}
	value := ""
	if raw != nil {
		value = quote(raw)
		if raw.Kind() != '"' && len(raw) <= shown {
			value = string(raw) // as it stands: numbers and literals are not texts
		}
	}
	r.err = badMember(r.path(name), value, problem)
}

func (r *reader) path(name string) string {
	if len(name) > shown || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_/-0123456789") != "" {
		name = quote(name)
	}
	if r.place == "" {
		return name
	}
	return r.place + "." + name
}

// need returns a member that must be there.
func (r *reader) need(name string) jsontext.Value {
	raw, ok := r.members[name]
	if !ok {
		r.fail(name, nil, "it is missing")
	}
	return raw
}

// optional returns a member that may be left out or null; nil then.
func (r *reader) optional(name string) jsontext.Value {
	if raw := r.members[name]; raw.Kind() != 'n' {
		return raw
	}
	return nil
}

// currency reads the member of that name.
func (r *reader) currency() money.Currency {
	c, err := money.ParseCurrency(r.text("currency", MaxID))
	if err != nil {
		r.fail("currency", r.members["currency"], "expected a currency of ISO 4217 in use, such as EUR, GBP or JPY")
	}
	return c
}

func (r *reader) kind() Kind {
	k := parseKind([]byte(r.text("kind", MaxID)))
	if k == "" {
		r.fail("kind", r.members["kind"], `expected "stock" or "service"`)
	}
	return k
}

// voidedOn is there for voids, and for nothing else.
func (r *reader) voidedOn(t Type) Date {
	if t.isVoid() {
		return r.date("voided_on")
	}
	if raw := r.optional("voided_on"); raw != nil {
		r.fail("voided_on", raw, "only voids have a day of their own")
	}
	return NoDate
}
