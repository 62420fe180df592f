package mongostate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"comptoir/shared/projection"
	"comptoir/shared/state"
	"comptoir/shared/state/statetest"
)

// server returns the URI of the server that these tests run on, and says where
// there is none.
func server(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"COMPTOIR_TEST_MONGODB_URI", "MONGODB_URI"} {
		if uri := os.Getenv(name); uri != "" {
			return uri
		}
	}
	t.Skip("needs a server: `make servers-up`, and COMPTOIR_TEST_MONGODB_URI as it prints MONGODB_URI")
	return ""
}

var databases atomic.Int64

// fresh returns how to reach a database of the test's own, which is dropped at its end.
func fresh(t testing.TB) Options {
	t.Helper()
	o := Options{URI: server(t), Database: fmt.Sprintf("test_%d_%d", time.Now().UnixNano(), databases.Add(1))}
	t.Cleanup(func() {
		s, err := Open(context.Background(), o, nil)
		if err == nil {
			err = errors.Join(s.db.Drop(context.Background()), s.Close())
		}
		if err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	return o
}

func open(ctx context.Context, o Options, collections []projection.Collection) (statetest.Database, error) {
	s, err := Open(ctx, o, collections)
	if err != nil {
		return statetest.Database{}, err
	}
	r, err := OpenReader(ctx, o)
	if err == nil {
		err = s.Migrate(ctx)
	}
	if err != nil {
		return statetest.Database{}, errors.Join(err, s.Close())
	}
	return statetest.Database{
		Store: s, Reader: r, Migrate: s.Migrate,
		Close: func() error { return errors.Join(s.Close(), r.Close()) },
	}, nil
}

func TestStore(t *testing.T) {
	server(t)
	statetest.Run(t, func(t *testing.T) statetest.Harness {
		o := fresh(t)
		return statetest.Harness{
			Open: func(ctx context.Context, collections []projection.Collection) (statetest.Database, error) {
				return open(ctx, o, collections)
			},
			Explain: func(ctx context.Context, collection string, f state.Find) (string, bool, error) {
				return explainFind(ctx, o, collection, &f)
			},
		}
	})
}

// explainFind asks the server how it would answer.
func explainFind(ctx context.Context, o Options, collection string, f *state.Find) (plan string, indexed bool, err error) {
	r, err := OpenReader(ctx, o)
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	indexed = true
	for _, q := range questions(f) {
		find := bson.D{{Key: "find", Value: collection}, {Key: "filter", Value: q.filter}, {Key: "sort", Value: q.sort}, {Key: "limit", Value: f.Limit}}
		raw, err := r.d.db.RunCommand(ctx, bson.D{{Key: "explain", Value: find}}).Raw()
		if err != nil {
			return "", false, err
		}
		plan += raw.String() + "\n"
		indexed = indexed && !strings.Contains(raw.String(), "COLLSCAN")
	}
	return plan, indexed, nil
}
