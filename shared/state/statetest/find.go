package statetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

var findChecks = []check{
	{"filters match values of their own kind, byte for byte", filters},
	{"documents come in order, null and absent lowest, equal ones by id", ordering},
	{"only wanted fields and known questions", askedRight},
	{"documents are readable by hand", readableByHand},
	{"questions read an index", indexesUsed},
}

func ref[T any](v T) *T { return &v }

// shop is a small set of documents with everything that a filter can meet.
func shop() []*Item {
	i := func(id, name string, amount int64, rank *int64, onSale bool) *Item {
		return item(id, func(i *Item) { i.Name, i.Amount, i.Rank, i.OnSale = name, amount, rank, onSale })
	}
	all := []*Item{
		i("1", "50% off", 1<<53+1, nil, true), i("2", "50x off", 1<<53, ref(int64(1)), false),
		i("3", "a_b", -1, ref(int64(0)), false), i("4", "axb", 0, ref(int64(-5)), true),
		i("5", "O'Brien \"quoted\"", 1, ref(int64(7)), false), i("6", "$where.name", 1, ref(int64(7)), false),
		i("7", "Éclair", 1, nil, false), i("8", "E\u0301clair", 1, ref(int64(10)), false),
		i("9", "雪", 5, ref(int64(9)), false), i("10", "雪 🎄", 5, ref(int64(9)), false),
		i("11", "1", 1, nil, false), i("12", "", 1, nil, false), i("13", "éclair", 1, nil, false),
		i("14", "null", 1, nil, false), i("15", "\u007f", 1, nil, false), i("16", "\U0010ffff end", 1, nil, false),
	}
	all[2].Note, all[3].Shelf = "noted", ref("S1")
	all[4].Windows = map[string]Window{"30d": {Profit: 300}, "7d": {Profit: 7}}
	return all
}

func filters(ctx context.Context, _ Harness, db Database) error {
	if err := put(ctx, db.Store, shop()...); err != nil {
		return err
	}
	f := func(field string, op state.Op, v state.Value) state.Filter {
		return state.Filter{Field: field, Op: op, Value: v}
	}
	text, number, truth := state.Text, state.Number, state.Bool
	for _, c := range []struct {
		filters []state.Filter
		want    []string
	}{
		{[]state.Filter{f("name", state.Equal, text("50% off"))}, []string{"1"}},
		{[]state.Filter{f("name", state.Prefix, text("50%"))}, []string{"1"}},
		{[]state.Filter{f("name", state.Prefix, text("a_"))}, []string{"3"}},
		{[]state.Filter{f("name", state.Prefix, text("O'Brien \""))}, []string{"5"}},
		{[]state.Filter{f("name", state.Prefix, text("$where."))}, []string{"6"}},
		{[]state.Filter{f("name", state.Prefix, text("É"))}, []string{"7"}},
		{[]state.Filter{f("name", state.Prefix, text("E"))}, []string{"8"}},
		{[]state.Filter{f("name", state.Prefix, text("雪"))}, []string{"10", "9"}},
		{[]state.Filter{f("name", state.Prefix, text("\u007f"))}, []string{"15"}},
		{[]state.Filter{f("name", state.Prefix, text("\U0010ffff"))}, []string{"16"}},
		{[]state.Filter{f("name", state.Prefix, text(".*"))}, nil},
		{[]state.Filter{f("name", state.Equal, text(""))}, []string{"12"}},
		{[]state.Filter{f("name", state.Equal, number(1))}, nil},
		{[]state.Filter{f("name", state.AtLeast, text("Éclair")), f("name", state.AtMost, text("éclair"))}, []string{"13", "7"}},
		{[]state.Filter{f("amount", state.Equal, number(1<<53+1))}, []string{"1"}},
		{[]state.Filter{f("amount", state.AtLeast, number(1<<53+1))}, []string{"1"}},
		{[]state.Filter{f("amount", state.AtMost, number(0))}, []string{"3", "4"}},
		{[]state.Filter{f("amount", state.Equal, text("5"))}, nil},
		{[]state.Filter{f("amount", state.Equal, truth(true))}, nil},
		{[]state.Filter{f("on_sale", state.Equal, truth(true))}, []string{"1", "4"}},
		{[]state.Filter{f("on_sale", state.Equal, number(1))}, nil},
		{[]state.Filter{f("rank", state.AtMost, number(0))}, []string{"3", "4"}},
		{[]state.Filter{f("rank", state.AtLeast, number(9)), f("amount", state.Equal, number(5))}, []string{"10", "9"}},
		{[]state.Filter{f("shelf", state.AtLeast, text(""))}, []string{"4"}},
		{[]state.Filter{f("shelf", state.Prefix, text(""))}, []string{"4"}},
		{[]state.Filter{f("note", state.AtMost, text("z"))}, []string{"3"}},
		{[]state.Filter{f("nothing", state.Equal, text(""))}, nil},
		{[]state.Filter{f("windows.30d.profit", state.AtLeast, number(1))}, []string{"5"}},
		{[]state.Filter{f("windows", state.Prefix, text("{"))}, nil},
		{[]state.Filter{f("_id", state.Prefix, text("1")), f("amount", state.Equal, number(5))}, []string{"10"}},
		{[]state.Filter{f("_id", state.AtLeast, text("8"))}, []string{"8", "9"}},
		{[]state.Filter{f("_id", state.Equal, number(8))}, nil},
		{[]state.Filter{f("version", state.Equal, number(1)), f("_id", state.Equal, text("8"))}, []string{"8"}},
	} {
		got, err := findIDs(ctx, db.Reader, state.Find{Filters: c.filters, Limit: 100})
		if err != nil {
			return fmt.Errorf("%+v: %w", c.filters, err)
		}
		if !slices.Equal(got, c.want) {
			return fmt.Errorf("the filters %+v match %q, want %q", c.filters, got, c.want)
		}
	}
	return nil
}

func ordering(ctx context.Context, _ Harness, db Database) error {
	if err := put(ctx, db.Store, shop()...); err != nil {
		return err
	}
	for _, c := range []struct {
		sort       string
		descending bool
		want       []string
	}{
		{"", false, []string{"1", "10", "11", "12", "13", "14", "15", "16", "2", "3", "4", "5", "6", "7", "8", "9"}},
		{"_id", true, []string{"9", "8", "7", "6", "5", "4", "3", "2", "16", "15", "14", "13", "12", "11", "10", "1"}},
		{"rank", false, []string{"1", "11", "12", "13", "14", "15", "16", "7", "4", "3", "2", "5", "6", "10", "9", "8"}},
		{"rank", true, []string{"8", "10", "9", "5", "6", "2", "3", "4", "1", "11", "12", "13", "14", "15", "16", "7"}},
		{"amount", true, []string{"1", "2", "10", "9", "11", "12", "13", "14", "15", "16", "5", "6", "7", "8", "4", "3"}},
		{"name", false, []string{"12", "6", "11", "1", "2", "8", "5", "3", "4", "14", "15", "7", "13", "9", "10", "16"}},
		{"on_sale", true, []string{"1", "4", "10", "11", "12", "13", "14", "15", "16", "2", "3", "5", "6", "7", "8", "9"}},
		{"shelf", true, []string{"4", "1", "10", "11", "12", "13", "14", "15", "16", "2", "3", "5", "6", "7", "8", "9"}},
	} {
		got, err := findIDs(ctx, db.Reader, state.Find{Sort: c.sort, Descending: c.descending, Limit: 100})
		if err != nil {
			return err
		}
		if !slices.Equal(got, c.want) {
			return fmt.Errorf("by %q, descending %t:\n got %q\nwant %q", c.sort, c.descending, got, c.want)
		}
	}
	return nil
}

func findIDs(ctx context.Context, r Reader, f state.Find) ([]string, error) {
	docs, err := r.Find(ctx, items, f)
	if err != nil {
		return nil, err
	}
	return idsOf(docs)
}

func idsOf(docs []json.RawMessage) ([]string, error) {
	var ids []string
	for _, doc := range docs {
		var head projection.Header
		if err := json.Unmarshal(doc, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", doc, err)
		}
		ids = append(ids, head.ID)
	}
	return ids, nil
}

func askedRight(ctx context.Context, _ Harness, db Database) error {
	if err := put(ctx, db.Store, shop()...); err != nil {
		return err
	}
	docs, err := db.Reader.Find(ctx, items, state.Find{Limit: 1, Fields: []string{"name", "shelf", "note", "windows"}, Sort: "amount", Descending: true})
	if err != nil || len(docs) != 1 {
		return fmt.Errorf("%d documents, error %s; want one", len(docs), says(err))
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(docs[0], &got); err != nil {
		return err
	}
	if _, absent := got["note"]; absent || string(got["_id"]) != `"1"` || string(got["name"]) != `"50% off"` || string(got["shelf"]) != "null" || len(got["windows"]) == 0 {
		return fmt.Errorf("the wanted fields of document 1 are %s", docs[0])
	}
	for _, f := range []state.Find{
		{},
		{Limit: state.MaxLimit + 1},
		{Limit: 1, Sort: `name" DESC`},
		{Limit: 1, Sort: "$name"},
		{Limit: 1, Sort: "a..b"},
		{Limit: 1, Sort: "name'"},
		{Limit: 1, Fields: []string{"windows.30d"}},
		{Limit: 1, Fields: []string{""}},
		{Limit: 1, Filters: []state.Filter{{Field: "", Op: state.Equal, Value: state.Text("")}}},
		{Limit: 1, Filters: []state.Filter{{Field: "name", Value: state.Text("")}}},
		{Limit: 1, Filters: []state.Filter{{Field: "name", Op: state.Equal}}},
		{Limit: 1, Filters: []state.Filter{{Field: "amount", Op: state.Prefix, Value: state.Number(1)}}},
	} {
		if _, err := db.Reader.Find(ctx, items, f); !errors.Is(err, state.ErrAsked) {
			return fmt.Errorf("%+v: error %s, want one that wraps state.ErrAsked", f, says(err))
		}
	}
	if _, err := db.Reader.Find(ctx, `items" --`, state.Find{Limit: 1}); !errors.Is(err, state.ErrAsked) {
		return fmt.Errorf("a collection of an impossible name: error %s, want one that wraps state.ErrAsked", says(err))
	}
	if doc, ok, err := db.Reader.Get(ctx, items, "nobody"); doc != nil || ok || err != nil {
		return fmt.Errorf("a document that is not there: %s, %t, %s", doc, ok, says(err))
	}
	return nil
}

// readableByHand looks at the text of a document as a person would.
func readableByHand(ctx context.Context, _ Harness, db Database) error {
	i := item("22423", func(i *Item) {
		i.Name, i.Rank, i.Amount, i.Units = "CAKESTAND 3 TIER \"Café\"", ref(int64(3)), 1<<53+1, 125
		i.ReviewOn, i.Sources = day0+1, []projection.Source{{Source: "/ledgers/a", Family: "product.sums", Watermark: projection.Watermark{Applied: 918, Missing: []projection.Range{{First: 912, Last: 913}}}}}
		i.Windows = map[string]Window{"30d": {Profit: 5}, "7d": {}}
	})
	if err := put(ctx, db.Store, i); err != nil {
		return err
	}
	doc, _, err := db.Reader.Get(ctx, items, "22423")
	if err != nil {
		return err
	}
	const want = `{"_id":"22423","version":1,"day":"2011-12-09","review_on":"2011-12-10","rules_version":1,"rules_hash":"h",` +
		`"sources":[{"source":"/ledgers/a","family":"product.sums","applied":918,"missing":[[912,913]]}],` +
		`"run":"","name":"CAKESTAND 3 TIER \"Café\"","shelf":null,"amount":9007199254740993,"rank":3,"on_sale":false,"units":0.125,` +
		`"windows":{"30d":{"profit":5,"margin":null},"7d":{"profit":0,"margin":null}},"days":[]}`
	if string(doc) != want {
		return fmt.Errorf("the document as it is read:\n got %s\nwant %s", doc, want)
	}
	return nil
}

func indexesUsed(ctx context.Context, h Harness, db Database) error {
	if h.Explain == nil {
		return nil
	}
	err := put(ctx, db.Store, numbered(500, func(n int, i *Item) {
		i.Windows["30d"] = Window{Profit: int64(n)}
	})...)
	if err != nil {
		return err
	}
	at := &state.Cursor{Value: state.Number(250), ID: "item-0250"}
	for _, f := range []state.Find{
		{Sort: "windows.30d.profit", Limit: 50},
		{Sort: "windows.30d.profit", Descending: true, Limit: 50},
		{Sort: "windows.30d.profit", Limit: 50, After: at},
		{Sort: "windows.30d.profit", Descending: true, Limit: 50, After: at},
		{Filters: []state.Filter{{Field: "name", Op: state.Prefix, Value: state.Text("item-01")}}, Sort: "name", Limit: 50},
		{Filters: []state.Filter{{Field: "rank", Op: state.Equal, Value: state.Number(3)}}, Limit: 50},
		{Filters: []state.Filter{{Field: "review_on", Op: state.AtLeast, Value: state.Text("2000-01-01")}}, Sort: "review_on", Limit: 1},
		{Limit: 50},
		{Limit: 50, After: &state.Cursor{ID: "item-0250"}},
	} {
		plan, indexed, err := h.Explain(ctx, items, f)
		if err != nil {
			return err
		}
		if !indexed {
			return fmt.Errorf("%+v reads every document: %s", f, plan)
		}
	}
	return nil
}
