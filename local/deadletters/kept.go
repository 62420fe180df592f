package deadletters

import (
	"context"

	"comptoir/shared/projection"
	"comptoir/shared/records"
)

// Kept keeps aside what the same function does not have there yet.
type Kept struct {
	morgue projection.Morgue
	known  map[string]bool
}

// Keep reads what lies among the dead letters now.
func Keep(ctx context.Context, c *records.Cluster, m projection.Morgue) (*Kept, error) {
	k := &Kept{morgue: m, known: map[string]bool{}}
	err := c.ReadDeadLetters(ctx, func(s records.StoredLetter) error {
		k.known[keyOf(&s.DeadLetter)] = true
		return nil
	})
	return k, err
}

// keyOf names a letter by its function and the content of its record, wherever that stood.
func keyOf(l *projection.DeadLetter) string {
	return l.Function + " " + contentID(&records.StoredLetter{DeadLetter: projection.DeadLetter{Message: l.Message}})
}

// Bury is projection.Morgue's.
func (k *Kept) Bury(ctx context.Context, letters []projection.DeadLetter) error {
	var fresh []projection.DeadLetter
	for _, l := range letters {
		if !k.known[keyOf(&l)] {
			fresh = append(fresh, l)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return k.morgue.Bury(ctx, fresh)
}
