package mongostate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
)

const (
	// A command has at most this many writes and about this many bytes of them, so
	// that the server answers each within its time-out and the driver never divides
	// one: then a server's index of a write is ours.
	commandWrites = 500
	commandBytes  = 4 << 20
	// maxBSON is the server's limit of a document less what a command adds.
	maxBSON = 16<<20 - 4096
)

// encoded is a write that is ready for the server.
type encoded struct {
	index int // in writes and results
	id    string
	read  int64
	doc   bson.Raw
}

// Commit is projection.Store's. Writes go in the order of their ids, in commands
// of up to 500: bulks that overlap in different orders can wait for each other
// in the server. An error leaves those of earlier commands done.
func (s *Store) Commit(ctx context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	coll, err := s.collection(c)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(writes))
	for i, w := range writes {
		order[i] = i
		if head := w.Doc.Head(); head.Version != w.Read+1 {
			return nil, fmt.Errorf("writing the document %q of %s: its version is %d and %d was read: a write's version is one more than what was read", head.ID, c.Name, head.Version, w.Read)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(writes[a].Doc.Head().ID, writes[b].Doc.Head().ID) })
	results := make([]projection.Result, len(writes))
	batch, size := make([]encoded, 0, min(len(writes), commandWrites)), 0
	flush := func() error {
		ctx, cancel := s.answering(ctx)
		defer cancel()
		if err := put(ctx, coll, batch, results); err != nil {
			return s.failed(fmt.Sprintf("writing %d documents of %s", len(batch), c.Name), err)
		}
		batch, size = batch[:0], 0
		return nil
	}
	for _, i := range order {
		doc, ok := encode(writes[i].Doc)
		if !ok {
			results[i] = projection.Refused
			continue
		}
		if len(batch) == commandWrites || size+len(doc) > commandBytes && len(batch) > 0 {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		batch, size = append(batch, encoded{i, writes[i].Doc.Head().ID, writes[i].Read, doc}), size+len(doc)
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return results, nil
}

// encode returns the BSON of a document; ok is false where it has none that a
// server takes.
func encode(doc projection.Document) (_ bson.Raw, ok bool) {
	b, err := codec.Encode(doc)
	if err != nil || len(b) > codec.MaxBytes || doc.Head().ID == "" {
		return nil, false
	}
	raw, err := appendBSON(make([]byte, 0, len(b)+len(b)/2), b)
	if err != nil || len(raw) > maxBSON {
		return nil, false
	}
	return raw, true
}

// put writes a batch and sets its results.
func put(ctx context.Context, coll *mongo.Collection, batch []encoded, results []projection.Result) error {
	var inserts, replaces []encoded
	for _, e := range batch {
		results[e.index] = projection.Written
		if e.read == 0 {
			inserts = append(inserts, e)
		} else {
			replaces = append(replaces, e)
		}
	}
	if err := insert(ctx, coll, inserts, results); err != nil {
		return err
	}
	return replace(ctx, coll, replaces, results)
}

func insert(ctx context.Context, coll *mongo.Collection, batch []encoded, results []projection.Result) error {
	if len(batch) == 0 {
		return nil
	}
	docs := make([]any, len(batch))
	for i, e := range batch {
		docs[i] = e.doc
	}
	_, err := coll.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	return sortOut(err, batch, results)
}

func replace(ctx context.Context, coll *mongo.Collection, batch []encoded, results []projection.Result) error {
	if len(batch) == 0 {
		return nil
	}
	models := make([]mongo.WriteModel, len(batch))
	for i, e := range batch {
		// Why it is an upsert stands in the package's comment.
		models[i] = mongo.NewReplaceOneModel().SetFilter(where(e.id, e.read)).SetReplacement(e.doc).SetUpsert(true)
	}
	done, err := coll.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	if err := sortOut(err, batch, results); err != nil {
		return err
	}
	matched := int64(0)
	for _, e := range batch {
		if results[e.index] == projection.Written {
			matched++
		}
	}
	for i := range done.UpsertedIDs {
		if i < 0 || i >= int64(len(batch)) {
			return fmt.Errorf("the server says that it inserted number %d of %d writes", i, len(batch))
		}
		e := batch[i]
		if _, err := coll.DeleteOne(ctx, where(e.id, e.read+1)); err != nil {
			return fmt.Errorf("taking away the document %q, which was gone and was inserted: %w", e.id, err)
		}
		results[e.index] = projection.Conflict
		matched--
	}
	// Nothing is claimed that the server did not say.
	if done.MatchedCount != matched {
		return fmt.Errorf("the server says that %d of %d writes found their document, and %d of them had no error", done.MatchedCount, len(batch), matched)
	}
	return nil
}

func where(id string, version int64) bson.D {
	return bson.D{{Key: "_id", Value: id}, {Key: "version", Value: version}}
}

// Error codes of single writes that lead to a decision.
const codeDuplicateKey = 11000

// refusals are codes that say: this document will never be taken.
var refusals = []int{
	121,                        // DocumentValidationFailure
	10334, 17280, 17419, 17420, // too large, or a key of an index that is
	15, 22, // nested too deeply, or no BSON for this server
	52, 57, 56, // a name with a dollar, a dot, or none
	2, // BadValue
}

// sortOut sets the results of the writes that a server names in its error. What
// it does not name was done. Every other error means unknown, for all of them.
func sortOut(err error, batch []encoded, results []projection.Result) error {
	if err == nil {
		return nil
	}
	bulk, ok := errors.AsType[mongo.BulkWriteException](err)
	if !ok || bulk.WriteConcernError != nil || len(bulk.WriteErrors) == 0 {
		return err
	}
	for _, w := range bulk.WriteErrors {
		switch {
		case w.Index < 0 || w.Index >= len(batch):
			return err
		case w.Code == codeDuplicateKey:
			results[batch[w.Index].index] = projection.Conflict
		case slices.Contains(refusals, w.Code):
			results[batch[w.Index].index] = projection.Refused
		default:
			return fmt.Errorf("the document %q: %w", batch[w.Index].id, w.WriteError)
		}
	}
	return nil
}
