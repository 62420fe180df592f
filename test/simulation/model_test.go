package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// The model says what every document must hold: a plain fold of all facts that a
// function can apply, in no particular order, without the engine, the rules, the
// codec or the money package.

// said is the data of any event, as JSON has it.
type said struct {
	DocumentID    string           `json:"document_id"`
	Date          day              `json:"date"`
	VoidedOn      day              `json:"voided_on"`
	Name          string           `json:"name"`
	Quantity      json.Number      `json:"quantity"`
	Net           int64            `json:"net"`
	Cost          *int64           `json:"cost"`
	FirstSoldOn   day              `json:"first_sold_on"`
	LastSoldOn    day              `json:"last_sold_on"`
	FirstPurchase day              `json:"first_purchase"`
	LastPurchase  day              `json:"last_purchase"`
	Category      string           `json:"category"`
	Kind          string           `json:"kind"`
	BuyPrice      *int64           `json:"buy_price"`
	SellPrice     *int64           `json:"sell_price"`
	MinMargin     *int64           `json:"min_margin"`
	Lots          []saidLot        `json:"lots"`
	Currency      string           `json:"currency"`
	Streams       map[string]int64 `json:"streams"`
}

type saidLot struct {
	Lot        string      `json:"lot"`
	OnHand     json.Number `json:"on_hand"`
	UnitCost   *int64      `json:"unit_cost"`
	ReceivedOn day         `json:"received_on"`
	ExpiryDate day         `json:"expiry_date"`
}

func (s *said) read(data []byte) error { return json.Unmarshal(data, s) }

// day is a date; 0 is none. In JSON it is YYYY-MM-DD or null.
type day int

func (d *day) UnmarshalJSON(b []byte) error {
	*d = 0
	if string(b) == "null" {
		return nil
	}
	t, err := time.Parse(`"2006-01-02"`, string(b))
	*d = day(event.DateOf(t))
	return err
}

func (d day) MarshalJSON() ([]byte, error) {
	if d == 0 {
		return []byte("null"), nil
	}
	return event.Date(d).Time().AppendFormat(nil, `"2006-01-02"`), nil
}

// thousandths reads a decimal number.
func thousandths(n json.Number) int64 {
	whole, part, _ := strings.Cut(n.String(), ".")
	sign := int64(1)
	if strings.HasPrefix(whole, "-") {
		sign, whole = -1, whole[1:]
	}
	var v int64
	for _, c := range whole + (part + "000")[:3] {
		v = v*10 + int64(c-'0')
	}
	return sign * v
}

// decimal writes thousandths as a decimal number without zeros at its end.
func decimal(v int64) json.Number {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	text := fmt.Sprintf("%s%d.%03d", sign, v/1000, v%1000)
	return json.Number(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// nearest is a ÷ b rounded to the nearest, half to even. b is above zero.
func nearest(a, b int64) int64 {
	q, r := a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	if 2*r > b || 2*r == b && q%2 != 0 {
		q++
	}
	return q
}

// ratio is a ÷ b in basis points; null where b is not above zero.
func ratio(a, b int64) *int64 {
	if b <= 0 {
		return nil
	}
	v := nearest(a*10_000, b)
	return &v
}

// spoken is a fact with its data read.
type spoken struct {
	*fact
	said
}

// later orders registers: the greatest (time, revision, source) holds.
func (a *spoken) later(b *spoken) bool {
	if b == nil || !a.time.Equal(b.time) {
		return b == nil || a.time.After(b.time)
	}
	if a.revision != b.revision {
		return a.revision > b.revision
	}
	return a.source > b.source
}

// latest returns the register that holds among those that pass.
func latest(facts []*spoken, pass func(*spoken) bool) (best *spoken) {
	for _, f := range facts {
		if pass(f) && f.later(best) {
			best = f
		}
	}
	return best
}

func ofKind(k event.Type) func(*spoken) bool { return func(f *spoken) bool { return f.kind == k } }

// stamp is how a register says whence it is.
func stamp(f *spoken) map[string]any {
	return map[string]any{"source": f.source, "time": f.time.UTC(), "revision": f.revision}
}

// heard returns the facts that a function can apply, by the document they are
// for, and the numbers that they have.
func (h *history) heard(fn *projection.Function) map[string][]*spoken {
	all := map[string][]*spoken{}
	for _, f := range h.facts {
		if f.ill == unreadable || !fn.Uses(f.kind) || !h.reads(fn, f) || h.sick(fn, f) {
			continue
		}
		s := &spoken{fact: f}
		if err := s.read(f.message.Value); err != nil {
			h.fail("%s cannot be read: %v", f, err)
		}
		all[f.key] = append(all[f.key], s)
	}
	return all
}

// checkDocuments compares every document with the model.
func (h *history) checkDocuments(last event.Date) {
	folds := map[string]func([]*spoken, day) map[string]any{
		"product_winners": foldSales, "loss_risk_products": foldStock, "clients": h.foldClient, "heartbeats": foldHeartbeats,
	}
	epoch, _ := h.live()
	for i := range h.functions() {
		fn := &h.functions()[i]
		name := fn.Collection.Name
		heard, docs := h.heard(fn), h.database.in(name, epoch)
		for id, facts := range heard {
			doc := docs[id]
			if doc == nil {
				h.fail("%s has no document %s, for which there are %d events", name, id, len(facts))
				return
			}
			h.checkSources(name, doc, facts)
			h.compare(name, doc, facts, folds[name], last)
		}
		for id := range docs {
			if heard[id] == nil {
				h.fail("%s has a document %s, for which there are no events", name, id)
			}
		}
	}
	h.checkBooks()
	h.checkStock()
}

// compare compares a document as of its day; and as of the last day, where it
// says that nothing has changed since.
func (h *history) compare(name string, doc *stored, facts []*spoken, fold func([]*spoken, day) map[string]any, last event.Date) {
	want, later := fold(facts, day(doc.head.Day)), fold(facts, day(last))
	where := name + " " + doc.head.ID
	if doc.head.Day > last || doc.head.ReviewOn != event.NoDate && doc.head.ReviewOn <= last {
		h.fail("%s was to be reviewed on %s and stands as of %s on %s", where, doc.head.ReviewOn, doc.head.Day, last)
	}
	var got map[string]any
	decoder := json.NewDecoder(bytes.NewReader(doc.body))
	decoder.UseNumber()
	if err := decoder.Decode(&got); err != nil {
		h.fail("%s cannot be read: %v", where, err)
		return
	}
	for _, own := range []string{"_id", "version", "day", "review_on", "rules_version", "rules_hash", "sources"} {
		delete(got, own)
	}
	if name == "clients" {
		h.checkEligible(where, facts, got, want["eligible"] == true)
	}
	if a, b := text(got), text(want); a != b {
		h.fail("%s as of %s is\n%s\nand the model says\n%s", where, doc.head.Day, a, b)
	}
	// Days fall out of the buckets one by one; the windows are what is promised.
	delete(want, "days")
	delete(later, "days")
	if a, b := text(want), text(later); a != b {
		h.fail("%s says that nothing has changed from %s to %s, and it has: \n%s\n%s", where, doc.head.Day, last, a, b)
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// checkSources holds that a document counts exactly the events that there are:
// each number was applied, or it is missing because its event never can be.
func (h *history) checkSources(name string, doc *stored, facts []*spoken) {
	numbers := map[[2]string][]int64{}
	for _, f := range facts {
		if f.revision > 0 {
			key := [2]string{f.source, string(f.kind.Family())}
			numbers[key] = append(numbers[key], f.revision)
		}
	}
	seen := 0
	for i := range doc.head.Sources {
		s := &doc.head.Sources[i]
		key := [2]string{s.Source, string(s.Family)}
		all := numbers[key]
		if len(all) == 0 {
			if s.Applied != 0 {
				h.fail("%s %s counts %d events of %s, which has none with a number", name, doc.head.ID, s.Applied, s.Source)
			}
			continue
		}
		seen++
		if most := slices.Max(all); s.Applied != most || s.Gaps() != most-int64(len(all)) {
			h.fail("%s %s has applied %d of %s except %v; there are %d events up to %d", name, doc.head.ID, s.Applied, key, s.Missing, len(all), most)
		}
		for _, n := range all {
			if !s.Has(n) {
				h.fail("%s %s misses revision %d of %s", name, doc.head.ID, n, key)
			}
		}
	}
	if seen != len(numbers) {
		h.fail("%s %s knows %d numbered sources, and there are %d", name, doc.head.ID, seen, len(numbers))
	}
}
