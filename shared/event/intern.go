package event

import (
	"hash/maphash"
	"strings"
)

// interner gives equal texts the same memory. It is a table of fixed size in
// which a text displaces another with the same place, so it never grows.
type interner struct {
	seed  maphash.Seed
	texts [internSlots]string
}

const (
	internSlots = 1 << 13
	// internMax is the length from which a text is rather copied.
	internMax = 64
)

func newInterner() *interner { return &interner{seed: maphash.MakeSeed()} }

func (d *Decoder) intern(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if d.texts == nil || len(b) > internMax {
		return string(b)
	}
	slot := &d.texts.texts[maphash.Bytes(d.texts.seed, b)%internSlots]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}

// copy copies a text that is not expected again.
func (d *Decoder) copy(b []byte) string {
	if d.texts == nil {
		return string(b)
	}
	return d.ids.add(b)
}

// pool copies texts behind each other into blocks.
type pool struct{ block strings.Builder }

const poolBlock = 4096

func (p *pool) add(b []byte) string {
	if p.block.Cap()-p.block.Len() < len(b) {
		p.block = strings.Builder{}
		p.block.Grow(max(poolBlock, len(b)))
	}
	from := p.block.Len()
	p.block.Write(b)
	return p.block.String()[from:]
}

// slab allocates values of a type many at a time.
type slab[T any] struct{ rest []T }

const slabSize = 64

func (s *slab[T]) next() *T {
	if len(s.rest) == 0 {
		s.rest = make([]T, slabSize)
	}
	v := &s.rest[0]
	s.rest = s.rest[1:]
	return v
}
