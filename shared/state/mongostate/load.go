package mongostate

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state/codec"
)

// loadChunk is the number of ids in one question. Its answer comes in replies of
// up to 16 MiB.
const loadChunk = 1000

// Load is projection.Store's, by majority reads of the primary.
func (s *Store) Load(ctx context.Context, c *projection.Collection, ids []string) (map[string]projection.Document, error) {
	coll, err := s.collection(c)
	if err != nil {
		return nil, err
	}
	docs := make(map[string]projection.Document, len(ids))
	for chunk := range slices.Chunk(ids, loadChunk) {
		ctx, cancel := s.answering(ctx)
		err := load(ctx, coll, c, chunk, docs)
		cancel()
		if err != nil {
			return nil, s.failed(fmt.Sprintf("reading %d documents of %s", len(ids), c.Name), err)
		}
	}
	return docs, nil
}

func load(ctx context.Context, coll *mongo.Collection, c *projection.Collection, ids []string, into map[string]projection.Document) error {
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}
	var buffer []byte
	return each(ctx, coll, filter, options.Find().SetBatchSize(int32(len(ids))), func(raw bson.Raw) (err error) {
		doc := c.New()
		if buffer, err = appendJSON(buffer[:0], raw); err == nil {
			err = codec.Decode(buffer, doc)
		}
		if err != nil {
			return fmt.Errorf("the document %v is not of the form that this version writes (was it changed by hand?): %w", raw.Lookup("_id"), err)
		}
		into[doc.Head().ID] = doc
		return nil
	})
}

// each calls f with every document that a question finds. The document is valid
// during the call.
func each(ctx context.Context, coll *mongo.Collection, filter any, o *options.FindOptionsBuilder, f func(bson.Raw) error) error {
	cursor, err := coll.Find(ctx, filter, o)
	if err != nil {
		return err
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // read to the end, or given up
	for cursor.Next(ctx) {
		if err := f(cursor.Current); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// Due is projection.Store's. Its two reasons are two questions, each of one index.
func (s *Store) Due(ctx context.Context, c *projection.Collection, day event.Date, rules int64, after string, limit int) ([]string, error) {
	coll, err := s.collection(c)
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, nil
	}
	var ids []string
	for _, reason := range []bson.E{
		{Key: "review_on", Value: bson.D{{Key: "$lte", Value: day.String()}}}, // null is no text and never less
		{Key: "rules_version", Value: bson.D{{Key: "$lt", Value: rules}}},
	} {
		filter := bson.D{reason, {Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}
		o := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)).SetProjection(bson.D{{Key: "_id", Value: 1}})
		err := each(ctx, coll, filter, o, func(raw bson.Raw) error {
			id, ok := raw.Lookup("_id").StringValueOK()
			if !ok {
				return fmt.Errorf("the id %v is no text", raw.Lookup("_id"))
			}
			ids = append(ids, id)
			return nil
		})
		if err != nil {
			return nil, s.failed("reading which documents of "+c.Name+" are due", err)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), limit)], nil
}
