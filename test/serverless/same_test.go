package serverless

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"comptoir/functions/setup"
	"comptoir/shared/config"
	"comptoir/shared/state"
	"comptoir/shared/state/mongostate"
)

// The documents of a way of running the functions are those of the local run. What
// may differ is how many writes made a document, and which offsets a checkpoint has
// seen: a batch is another batch, and Knative tells no offsets.
func TestTheMonthOnLambdaAndKnative(t *testing.T) {
	settings := shop(t)
	k := readKafka(t, settings)
	local := documents(t, settings)
	if n := len(local["product_winners"]); n < 2000 || len(local["clients"]) < 500 || len(local["loss_risk_products"]) < 2000 || len(local["heartbeats"]) != 1 {
		t.Fatalf("the local run made %d products", n)
	}
	t.Run("Lambda", func(t *testing.T) {
		compare(t, documents(t, onLambda(t, settings, k)), local)
	})
	t.Run("Knative", func(t *testing.T) {
		compare(t, documents(t, onKnative(t, settings, k)), local)
	})
}

// documents reads the documents of the analytics, by collection and id.
func documents(t *testing.T, settings map[string]string) map[string]map[string]string {
	t.Helper()
	cfg, err := config.Load(config.Map("the test", settings))
	must(t, err)
	r, err := mongostate.OpenReader(t.Context(), setup.MongoDB(cfg))
	must(t, err)
	defer r.Close()
	all := map[string]map[string]string{}
	for _, f := range analytics() {
		name := f.Collection.Name
		all[name] = map[string]string{}
		each(t, r, name, func(id string, doc map[string]json.RawMessage) {
			delete(doc, "version")
			b, err := json.Marshal(doc)
			must(t, err)
			all[name][id] = string(b)
		})
	}
	all["checkpoints"] = checkpoints(t, r)
	return all
}

// each calls f with every document of a collection, page by page.
func each(t *testing.T, r *mongostate.Reader, collection string, f func(id string, doc map[string]json.RawMessage)) {
	t.Helper()
	const limit = 1000
	find := state.Find{Limit: limit}
	for {
		page, err := r.Find(context.Background(), collection, find)
		must(t, err)
		for _, raw := range page {
			var doc map[string]json.RawMessage
			must(t, json.Unmarshal(raw, &doc))
			var id string
			must(t, json.Unmarshal(doc["_id"], &id))
			f(id, doc)
			find.After = &state.Cursor{ID: id}
		}
		if len(page) < limit {
			return
		}
	}
}

// checkpoints reads what checkpoints say of the numbers of streams.
func checkpoints(t *testing.T, r *mongostate.Reader) map[string]string {
	t.Helper()
	all := map[string]string{}
	each(t, r, "checkpoints", func(id string, doc map[string]json.RawMessage) {
		if strings.HasSuffix(id, "|review") {
			return // nothing was due elsewhere
		}
		all[id] = string(doc["sources"]) + string(doc["time"])
	})
	return all
}

func compare(t *testing.T, got, want map[string]map[string]string) {
	t.Helper()
	for _, collection := range slices.Sorted(maps.Keys(want)) {
		different := 0
		for _, id := range slices.Sorted(maps.Keys(want[collection])) {
			if g, w := got[collection][id], want[collection][id]; g != w {
				if different++; different <= 3 {
					t.Errorf("%s %s\n  %s\nlocally\n  %s", collection, id, short(g), short(w))
				}
			}
		}
		if different > 0 || len(got[collection]) != len(want[collection]) {
			t.Errorf("%s: %d of %d documents differ, %d are there", collection, different, len(want[collection]), len(got[collection]))
			continue
		}
		t.Logf("%s: %d documents are the same, byte for byte", collection, len(want[collection]))
	}
}

func short(s string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(s), "", " ") == nil && b.Len() < 3000 {
		return s
	}
	return s[:min(len(s), 3000)]
}
