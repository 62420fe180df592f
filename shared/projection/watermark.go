package projection

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Watermark tells which numbers of a dense sequence (1, 2, 3, …) were applied:
// all up to Applied except those in Missing. The zero Watermark is "none yet".
type Watermark struct {
	Applied int64 `json:"applied"`
	// Missing holds closed ranges in ascending order, apart from each other, all
	// below Applied.
	Missing []Range `json:"missing,omitempty"`
}

// Range is a closed range of numbers; in JSON [first, last].
type Range struct{ First, Last int64 }

// MarshalJSON writes [first, last].
func (r Range) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%d,%d]", r.First, r.Last), nil
}

// UnmarshalJSON reads [first, last].
func (r *Range) UnmarshalJSON(b []byte) error {
	var pair [2]int64
	if err := json.Unmarshal(b, &pair); err != nil {
		return fmt.Errorf("reading a range: %w", err)
	}
	*r = Range{pair[0], pair[1]}
	return nil
}

// maxRanges bounds the ranges that a document carries for numbers that never
// came. A producer that leaves more holes than this does not number densely.
const maxRanges = 1000

// ErrTooManyGaps says that applying the number would leave more separate gaps
// than a document carries.
var ErrTooManyGaps = errors.New("too many gaps in the numbers of this source: they must be dense; publish what is missing first")

// Has tells whether n was applied.
func (w *Watermark) Has(n int64) bool {
	return n <= w.Applied && w.find(n) < 0
}

// find returns the index of the range of Missing that holds n, or -1.
func (w *Watermark) find(n int64) int {
	if len(w.Missing) == 0 {
		return -1
	}
	i, found := slices.BinarySearchFunc(w.Missing, n, func(r Range, n int64) int {
		switch {
		case r.Last < n:
			return -1
		case r.First > n:
			return 1
		}
		return 0
	})
	if !found {
		return -1
	}
	return i
}

// Add notes that n (≥ 1) was applied. It reports whether n is new, and late:
// new, but after a greater number. Where it returns an error nothing changed.
func (w *Watermark) Add(n int64) (added, late bool, err error) {
	if n > w.Applied {
		if n > w.Applied+1 {
			if len(w.Missing) >= maxRanges {
				return false, false, ErrTooManyGaps
			}
			w.Missing = append(w.Missing, Range{w.Applied + 1, n - 1})
		}
		w.Applied = n
		return true, false, nil
	}
	i := w.find(n)
	if i < 0 {
		return false, false, nil
	}
	r := w.Missing[i]
	switch {
	case r.First == r.Last:
		w.Missing = slices.Delete(w.Missing, i, i+1)
	case n == r.First:
		w.Missing[i].First++
	case n == r.Last:
		w.Missing[i].Last--
	default:
		if len(w.Missing) >= maxRanges {
			return false, false, ErrTooManyGaps
		}
		w.Missing[i].Last = n - 1
		w.Missing = slices.Insert(w.Missing, i+1, Range{n + 1, r.Last})
	}
	return true, true, nil
}

// Gaps counts the numbers that are missing.
func (w *Watermark) Gaps() int64 {
	var n int64
	for _, r := range w.Missing {
		n += r.Last - r.First + 1
	}
	return n
}
