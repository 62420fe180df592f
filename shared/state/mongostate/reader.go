package mongostate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"comptoir/shared/state"
)

// Reader answers questions about a state database. It has no method that writes,
// and keeps the driver's client, which has, to itself. It is safe for concurrent use.
type Reader struct{ d *database }

// OpenReader prepares to read a database. It does not connect yet: a server that
// is away is an error of each question, and no reason not to start. readPreference
// and readConcernLevel are the URI's to choose. Left to this program they are
// primaryPreferred, so that the last state can be read while there is no primary,
// and majority. A secondary may be behind, and so may its answers.
func OpenReader(_ context.Context, o Options) (*Reader, error) {
	d, err := connect(o, func(c *options.ClientOptions) {
		if c.ReadPreference == nil {
			c.SetReadPreference(readpref.PrimaryPreferred())
		}
		if c.ReadConcern == nil {
			c.SetReadConcern(readconcern.Majority())
		}
	})
	if err != nil {
		return nil, err
	}
	return &Reader{d}, nil
}

// Ping asks whether a server that can be read is there.
func (r *Reader) Ping(ctx context.Context) error {
	if err := r.d.client.Ping(ctx, nil); err != nil {
		return r.d.failed("opening it", err)
	}
	return nil
}

// Close closes the connections.
func (r *Reader) Close() error { return r.d.close() }

// nothingYet returns an error that wraps state.ErrNothingYet where there is no
// such collection. It is asked only where a question found nothing: the server
// answers the same for an empty collection and for none.
func (r *Reader) nothingYet(ctx context.Context, collection string) error {
	names, err := r.d.db.ListCollectionNames(ctx, bson.D{{Key: "name", Value: collection}})
	if err != nil {
		return r.d.failed("looking for the collection "+collection, err)
	}
	if len(names) == 0 {
		return fmt.Errorf("reading %s: %w (%s has no such collection)", collection, state.ErrNothingYet, r.d.where)
	}
	return nil
}

// Get reads one document by its id; ok is false where there is none.
func (r *Reader) Get(ctx context.Context, collection, id string) (doc json.RawMessage, ok bool, err error) {
	if err := state.CheckCollection(collection); err != nil {
		return nil, false, err
	}
	ctx, cancel := r.d.answering(ctx)
	defer cancel()
	raw, err := r.d.db.Collection(collection).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, false, r.nothingYet(ctx, collection)
	}
	if err == nil {
		doc, err = appendJSON(nil, raw)
	}
	if err != nil {
		return nil, false, r.d.failed(fmt.Sprintf("reading the document %q of %s", id, collection), err)
	}
	return doc, true, nil
}

// Find reads documents in order. The parts of a page are read one after the
// other: a document that moves meanwhile is on the page once, or not.
func (r *Reader) Find(ctx context.Context, collection string, f state.Find) ([]json.RawMessage, error) {
	if err := errors.Join(state.CheckCollection(collection), f.Check()); err != nil {
		return nil, err
	}
	ctx, cancel := r.d.answering(ctx)
	defer cancel()
	var docs []json.RawMessage
	seen := map[string]bool{}
	for _, q := range questions(&f) {
		if len(docs) == f.Limit {
			break
		}
		err := each(ctx, r.d.db.Collection(collection), q.filter, findOptions(&f, q, f.Limit-len(docs)), func(raw bson.Raw) error {
			id := raw.Lookup("_id")
			if seen[string(id.Value)] {
				return nil
			}
			seen[string(id.Value)] = true
			doc, err := appendJSON(make([]byte, 0, len(raw)), raw)
			if err != nil {
				return fmt.Errorf("the document %v: %w", id, err)
			}
			docs = append(docs, doc)
			return nil
		})
		if err != nil {
			return nil, r.d.failed("reading "+collection, err)
		}
	}
	if len(docs) == 0 {
		return nil, r.nothingYet(ctx, collection)
	}
	return docs, nil
}

func findOptions(f *state.Find, q question, limit int) *options.FindOptionsBuilder {
	o := options.Find().SetSort(q.sort).SetLimit(int64(limit)).SetBatchSize(int32(limit))
	if len(f.Fields) > 0 {
		fields := bson.D{{Key: "_id", Value: 1}}
		for _, name := range f.Fields {
			if name != "_id" {
				fields = append(fields, bson.E{Key: name, Value: 1})
			}
		}
		o.SetProjection(fields)
	}
	return o
}
