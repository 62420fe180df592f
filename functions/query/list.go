package query

import (
	"cmp"
	"slices"
	"sync"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Page is one page of a list, as the API answers it and `comptoir export` writes it.
type Page[Item, Sums any] struct {
	// Version is that of the state: texts that are compared as texts.
	Version string `json:"version"`
	// BusinessDate is the day that all figures are of.
	BusinessDate event.Date `json:"business_date"`
	// Currency is that of all amounts, which are integers in its minor unit; ""
	// while nothing is known.
	Currency money.Currency `json:"currency"`
	// Window is the window of the figures; nil for lists that have none.
	Window *Window `json:"window"`
	Items  []Item  `json:"items"`
	// Sums adds up all items that the filters let through, on all pages.
	Sums Sums `json:"sums"`
	// Next asks for the page behind this one; nil on the last.
	Next *string `json:"next"`
	// Total counts the items that the filters let through, on all pages.
	Total int `json:"total"`
	// Note says why nothing is listed, where that is so.
	Note string `json:"note,omitempty"`
}

// ListQuery is what every list can be asked.
type ListQuery struct {
	// Sort names what to order by, "" for the list's own order. Order is asc or
	// desc, "" for the one that suits Sort. What has no value comes last in both;
	// equal values come in the order of their ids.
	Sort, Order string
	// Q searches names and ids: each of its words must be in one of them,
	// whatever its capitals and accents.
	Q string
	// All lists also what is not ranked, not at risk or not eligible.
	All bool
	// Limit is the number of items a page, 1 to MaxLimit; 0 takes DefaultLimit, NoLimit lists everything.
	Limit int
	// Cursor is the Next of the page before, "" for the first page.
	Cursor string
	// Offset passes over that many items, 0 to MaxOffset: the page of a number,
	// whatever has moved since the one before.
	Offset int
}

// The limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
	MaxOffset    = 1_000_000
	NoLimit      = -1
)

// key is the place of a row in an order.
type key struct {
	null    bool
	numbers [4]int64
	text    string
}

func number(n int64) key { return key{numbers: [4]int64{n}} }

func nullable(n int64, valid bool) key {
	if !valid {
		return key{null: true}
	}
	return number(n)
}

func date(d event.Date) key { return nullable(int64(d), d != event.NoDate) }

// maxKeyText bounds the text of a key, and so the length of a cursor.
const maxKeyText = 200

func text(s string) key {
	if s == "" {
		return key{null: true}
	}
	return key{text: s[:min(len(s), maxKeyText)]}
}

// compare orders two keys: what is null last in either direction.
func (k *key) compare(o *key, descending bool) int {
	if k.null != o.null {
		if k.null {
			return 1
		}
		return -1
	}
	c := slices.Compare(k.numbers[:], o.numbers[:])
	if c == 0 {
		c = cmp.Compare(k.text, o.text)
	}
	if descending {
		return -c
	}
	return c
}

// place is where a row stands: its key, and its id among equal ones.
type place struct {
	key
	id string
}

func (p *place) compare(o *place, descending bool) int {
	if c := p.key.compare(&o.key, descending); c != 0 {
		return c
	}
	return cmp.Compare(p.id, o.id)
}

// sorter is one way of ordering rows.
type sorter[R any] struct {
	name string
	// descending is the direction where none is asked for.
	descending bool
	key        func(*R) key
}

// listing is all rows of a list, and the orders that were asked for.
type listing[R any] struct {
	rows []R
	id   func(*R) string

	mu     sync.Mutex
	orders map[string][]int32
}

// maxOrders bounds how many orders of a list are kept.
const maxOrders = 8

// ordered returns the indexes of the rows in an order.
func (l *listing[R]) ordered(s *sorter[R], descending bool) []int32 {
	name := s.name
	if descending {
		name += " desc"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if o, ok := l.orders[name]; ok {
		return o
	}
	places := make([]place, len(l.rows))
	order := make([]int32, len(l.rows))
	for i := range l.rows {
		places[i] = place{s.key(&l.rows[i]), l.id(&l.rows[i])}
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return places[a].compare(&places[b], descending) })
	if l.orders == nil {
		l.orders = map[string][]int32{}
	}
	if len(l.orders) >= maxOrders {
		for other := range l.orders {
			delete(l.orders, other)
			break
		}
	}
	l.orders[name] = order
	return order
}

// cut is what a page shows of a list: limit rows, after a place (nil: from the
// first), less the first offset of them.
type cut struct {
	after         *place
	limit, offset int
}

// page goes through the rows that match, in order. It hands each of them to
// count, and to show those of the page. It returns the place of the last one
// shown where others follow, or nil.
func (l *listing[R]) page(s *sorter[R], descending bool, c cut, match func(*R) bool, count, show func(*R)) *place {
	var last *R
	after, passed := c.after, 0
	shown, more := 0, false
	for _, i := range l.ordered(s, descending) {
		row := &l.rows[i]
		if !match(row) {
			continue
		}
		count(row)
		if more {
			continue
		}
		if after != nil {
			here := place{s.key(row), l.id(row)}
			if here.compare(after, descending) <= 0 {
				continue
			}
			after = nil
		}
		if passed < c.offset {
			passed++
			continue
		}
		if c.limit != NoLimit && shown == c.limit {
			more = true
			continue
		}
		show(row)
		last = row
		shown++
	}
	if !more {
		return nil
	}
	return &place{s.key(last), l.id(last)}
}

// choose returns the sorter and direction that a query asks for.
func choose[R any](sorters []sorter[R], q *ListQuery) (*sorter[R], bool, error) {
	s := &sorters[0]
	if q.Sort != "" {
		i := slices.IndexFunc(sorters, func(s sorter[R]) bool { return s.name == q.Sort })
		if i < 0 {
			return nil, false, badValue("sort", "must be "+oneOf(sortNames(sorters)))
		}
		s = &sorters[i]
	}
	switch q.Order {
	case "":
		return s, s.descending, nil
	case "asc", "desc":
		return s, q.Order == "desc", nil
	}
	return nil, false, badValue("order", "must be asc or desc")
}

func sortNames[R any](sorters []sorter[R]) []string {
	names := make([]string, len(sorters))
	for i := range sorters {
		names[i] = sorters[i].name
	}
	return names
}

// limit returns the number of items a page, or a problem.
func (q *ListQuery) limit() (int, error) {
	switch {
	case q.Limit == 0:
		return DefaultLimit, nil
	case q.Limit == NoLimit, q.Limit > 0 && q.Limit <= MaxLimit:
		return q.Limit, nil
	}
	return 0, badValue("limit", "must be a whole number from 1 to 1000")
}

// cut returns what a query shows of the list of that fingerprint, or a problem.
func (q *ListQuery) cut(list string) (c cut, err error) {
	if c.limit, err = q.limit(); err != nil {
		return c, err
	}
	if c.offset = q.Offset; c.offset < 0 || c.offset > MaxOffset {
		return c, badValue("offset", "must be a whole number from 0 to 1000000")
	}
	c.after, err = readCursor(list, q.Cursor)
	return c, err
}
