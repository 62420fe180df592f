package mongostate

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Drop removes collections with all that is in them, and returns how many bytes
// their documents had, where the server says that; one that is not there counts as removed.
func (s *Store) Drop(ctx context.Context, names []string) (bytes int64, err error) {
	for _, name := range names {
		var stats struct {
			Size int64 `bson:"size"`
		}
		if s.db.RunCommand(ctx, bson.D{{Key: "collStats", Value: name}}).Decode(&stats) == nil {
			bytes += stats.Size
		}
		if err := s.db.Collection(name).Drop(ctx); err != nil {
			return bytes, s.failed("removing the collection "+name, err)
		}
	}
	return bytes, nil
}
