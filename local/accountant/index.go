package accountant

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// index finds products or clients by what they are called, as it is typed. It holds
// the whole catalogue in memory, and brings it up to date from the entries that came
// since: a hundred products take as long to find as ten thousand.
type index[T any] struct {
	since func(ctx context.Context, after int64) ([]T, int64, error)
	keys  func(T) (id string, texts []string)

	mu    sync.Mutex
	last  int64
	byID  map[string]*known[T]
	order []*known[T] // by id
}

type known[T any] struct {
	id    string
	value T
	texts []string // folded: the id, the name, then barcodes
}

func newIndex[T any](since func(context.Context, int64) ([]T, int64, error), keys func(T) (string, []string)) *index[T] {
	return &index[T]{since: since, keys: keys, byID: map[string]*known[T]{}}
}

// refresh takes in what was recorded since the last question; mu is held.
func (x *index[T]) refresh(ctx context.Context) error {
	changed, last, err := x.since(ctx, x.last)
	if err != nil {
		return err
	}
	added := false
	for _, v := range changed {
		id, texts := x.keys(v)
		k := x.byID[id]
		if k == nil {
			k = &known[T]{id: id}
			x.byID[id] = k
			x.order = append(x.order, k)
			added = true
		}
		k.value, k.texts = v, k.texts[:0]
		for _, t := range texts {
			k.texts = append(k.texts, fold(t))
		}
	}
	if added {
		slices.SortFunc(x.order, func(a, b *known[T]) int { return strings.Compare(a.id, b.id) })
	}
	x.last = last
	return nil
}

// get returns what has an id.
func (x *index[T]) get(ctx context.Context, id string) (v T, ok bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.refresh(ctx); err != nil {
		return v, false, err
	}
	k, ok := x.byID[id]
	if ok {
		v = k.value
	}
	return v, ok, nil
}

// resolve returns what is meant by a text: an id, a barcode, or the name of one alone.
func (x *index[T]) resolve(ctx context.Context, text string) (v T, ok bool, err error) {
	if v, ok, err = x.get(ctx, text); ok || err != nil || text == "" {
		return v, ok, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	wanted, found := fold(text), 0
	for _, k := range x.order {
		if slices.Contains(k.texts, wanted) {
			v = k.value
			found++
		}
	}
	return v, found == 1, nil
}

// search returns at most limit of what a text may mean, the likeliest first: all of
// its words are in the id, the name or a barcode.
func (x *index[T]) search(ctx context.Context, text string, limit int, wanted func(T) bool) ([]T, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.refresh(ctx); err != nil {
		return nil, err
	}
	type hit struct {
		*known[T]
		rank int
	}
	var hits []hit
	whole := fold(text)
	words := strings.Fields(whole)
	for _, k := range x.order {
		if rank := k.rank(whole, words); rank > 0 && wanted(k.value) {
			hits = append(hits, hit{k, rank})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.rank, b.rank) })
	found := make([]T, 0, min(limit, len(hits)))
	for _, h := range hits[:min(limit, len(hits))] {
		found = append(found, h.value)
	}
	return found, nil
}

// rank says how well a text fits, 1 best; 0 is not at all.
func (k *known[T]) rank(whole string, words []string) int {
	best := 9
	for i, t := range k.texts {
		switch {
		case t == whole:
			return 1
		case i != 1 && strings.HasPrefix(t, whole):
			best = min(best, 2)
		case strings.HasPrefix(t, whole):
			best = min(best, 3)
		}
	}
	if best < 9 {
		return best
	}
	for _, w := range words {
		if !slices.ContainsFunc(k.texts, func(t string) bool { return strings.Contains(t, w) }) {
			return 0
		}
	}
	return 5
}

// fold makes texts comparable as people compare them: neither capitals nor accents
// count, nor how many spaces there are.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
