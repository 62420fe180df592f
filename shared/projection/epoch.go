package projection

import (
	"context"
	"strconv"

	"comptoir/shared/event"
)

// A state has epochs: whole sets of collections beside each other. One of them is
// live, which the one plain Settings document says; a rebuild makes the next.

// NameIn returns the name that a collection has in an epoch: its own in the first,
// with _e2 behind it in the second.
func NameIn(name string, epoch int64) string {
	if epoch <= 1 {
		return name
	}
	return name + "_e" + strconv.FormatInt(epoch, 10)
}

// In returns the collection as it is in an epoch.
func (c Collection) In(epoch int64) Collection {
	c.Name = NameIn(c.Name, epoch)
	return c
}

// Collections are those that the functions write in an epoch.
func Collections(all []Function, epoch int64) []Collection {
	c := []Collection{Checkpoints.In(epoch), SettingsCollection.In(epoch)}
	for _, f := range all {
		c = append(c, f.Collection.In(epoch))
	}
	return c
}

// At returns a store as one epoch of it is.
func At(s Store, epoch int64) Store {
	if epoch <= 1 {
		return s
	}
	return inEpoch{s, epoch}
}

type inEpoch struct {
	store Store
	epoch int64
}

func (s inEpoch) Load(ctx context.Context, c *Collection, ids []string) (map[string]Document, error) {
	in := c.In(s.epoch)
	return s.store.Load(ctx, &in, ids)
}

func (s inEpoch) Commit(ctx context.Context, c *Collection, writes []Write) ([]Result, error) {
	in := c.In(s.epoch)
	return s.store.Commit(ctx, &in, writes)
}

func (s inEpoch) Due(ctx context.Context, c *Collection, day event.Date, rules int64, after string, limit int) ([]string, error) {
	in := c.In(s.epoch)
	return s.store.Due(ctx, &in, day, rules, after, limit)
}

// closedID is the id of the document among the checkpoints of an epoch that says
// that the epoch is closed. It lies there because whoever works in the epoch reads
// checkpoints of each batch that it was given, and reads this with them: where it is
// not there yet, the whole batch was on Kafka before the epoch was closed.
const closedID = "closed"

func closed(docs map[string]Document) bool { return docs[closedID] != nil }
