package mongostate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// ours begins the names of the indexes that this program makes, and removes
// where they are no longer declared. Others are somebody else's and stay.
const ours = "comptoir_"

// index orders documents by one field, then _id.
type index struct{ name, field string }

func indexesOf(c projection.Collection) ([]index, error) {
	// Due asks by these two, whatever the collection declares.
	all := []index{{ours + "due", "review_on"}, {ours + "rules", "rules_version"}}
	for _, i := range c.Indexes {
		if err := errors.Join(state.CheckCollection(i.Name), state.CheckField(i.Field)); err != nil {
			return nil, fmt.Errorf("the index %q of %s: %w", i.Name, c.Name, err)
		}
		if slices.Contains([]string{"_id", "review_on", "rules_version"}, i.Field) {
			continue // there already
		}
		if slices.ContainsFunc(all, func(other index) bool { return other.name == ours+i.Name }) {
			return nil, fmt.Errorf("the index %s of %s: there is another one of that name: choose another", i.Name, c.Name)
		}
		all = append(all, index{ours + i.Name, i.Field})
	}
	return all, nil
}

// Migrate makes what is missing of the collections and indexes, and removes
// indexes of this program that are no longer declared; documents stay as they
// are. It can be run again at any time, also beside others that read and write.
// An index over many documents may take minutes.
func (s *Store) Migrate(ctx context.Context) error { return s.migrate(ctx, s.declared) }

// Make makes collections and their indexes, beside those that Migrate makes.
func (s *Store) Make(ctx context.Context, collections []projection.Collection) error {
	var names []string
	for i := range collections {
		if _, err := s.table(&collections[i]); err != nil {
			return fmt.Errorf("in the state at %s: %w", s.where, err)
		}
		names = append(names, collections[i].Name)
	}
	return s.migrate(ctx, names)
}

func (s *Store) migrate(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	there, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return s.failed("listing its collections", err)
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		s.mu.Lock()
		t := s.tables[name]
		s.mu.Unlock()
		if !slices.Contains(there, name) {
			if err := s.db.CreateCollection(ctx, name); err != nil && !hasCode(err, 48) { // made by somebody else just now
				return s.failed("making the collection "+name, err)
			}
		}
		if err := t.migrate(ctx); err != nil {
			return s.failed("making the indexes of "+name, err)
		}
	}
	return nil
}

func (t *table) migrate(ctx context.Context) error {
	specifications, err := t.coll.Indexes().ListSpecifications(ctx)
	if err != nil {
		return err
	}
	missing := slices.Clone(t.indexes)
	for _, there := range specifications {
		same := func(i index) bool { return i.name == there.Name && sameKeys(i, there.KeysDocument) }
		switch {
		case slices.ContainsFunc(missing, same):
			missing = slices.DeleteFunc(missing, same)
		case strings.HasPrefix(there.Name, ours):
			if err := t.coll.Indexes().DropOne(ctx, there.Name); err != nil && !hasCode(err, 27) { // removed by somebody else just now
				return fmt.Errorf("removing %s: %w", there.Name, err)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	models := make([]mongo.IndexModel, len(missing))
	for i, m := range missing {
		models[i] = mongo.IndexModel{Keys: bson.D{{Key: m.field, Value: 1}, {Key: "_id", Value: 1}}, Options: options.Index().SetName(m.name)}
	}
	_, err = t.coll.Indexes().CreateMany(ctx, models)
	return err
}

func sameKeys(i index, keys bson.Raw) bool {
	elements, err := keys.Elements()
	return err == nil && len(elements) == 2 && elements[0].Key() == i.field && elements[1].Key() == "_id" &&
		elements[0].Value().AsInt64() == 1 && elements[1].Value().AsInt64() == 1
}

func hasCode(err error, code int) bool {
	e, ok := errors.AsType[mongo.ServerError](err)
	return ok && e.HasErrorCode(code)
}
