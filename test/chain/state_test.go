package chain

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// versions are those of all documents of the analytics, checkpoints left out.
func (s *shop) versions() map[string]int64 {
	s.Helper()
	all := map[string]int64{}
	for _, collection := range []string{"product_winners", "loss_risk_products", "clients"} {
		take := func(id string, version int64) { all[collection+" "+id] = version }
		if s.onMongoDB() {
			s.versionsInMongoDB(collection, take)
		} else {
			s.versionsInFile(collection, take)
		}
	}
	if len(all) < 8000 {
		s.Fatalf("the state has only %d documents", len(all))
	}
	return all
}

func (s *shop) versionsInFile(collection string, take func(id string, version int64)) {
	s.Helper()
	db := s.open("state.db", "ro")
	defer db.Close()
	rows, err := db.Query("SELECT _id, version FROM " + collection)
	must(s, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		var version int64
		must(s, rows.Scan(&id, &version))
		take(id, version)
	}
	must(s, rows.Err())
}

func (s *shop) versionsInMongoDB(collection string, take func(id string, version int64)) {
	s.Helper()
	ctx, db := s.mongoDB()
	found, err := db.Collection(collection).Find(ctx, bson.D{}, options.Find().SetProjection(bson.D{{Key: "version", Value: 1}}))
	must(s, err)
	var docs []struct {
		ID      string `bson:"_id"`
		Version int64  `bson:"version"`
	}
	must(s, found.All(ctx, &docs))
	for _, d := range docs {
		take(d.ID, d.Version)
	}
}

// mongoDB connects to the shop's database for as long as the test takes.
func (s *shop) mongoDB() (context.Context, *mongo.Database) {
	s.Helper()
	c, err := mongo.Connect(options.Client().ApplyURI(s.settings["MONGODB_URI"]).SetTimeout(time.Minute))
	must(s, err)
	s.Cleanup(func() { must(s, c.Disconnect(context.Background())) })
	return context.Background(), c.Database(s.settings["MONGODB_DATABASE"])
}

// unchanged demands that no document was written since.
func (s *shop) unchanged(before map[string]int64) {
	s.Helper()
	var changed []string
	now := s.versions()
	for id := range before {
		if before[id] != now[id] {
			changed = append(changed, id)
		}
	}
	if len(changed) > 0 || len(now) != len(before) {
		slices.Sort(changed)
		s.Errorf("%d of %d documents were written again, such as %s, and %d are new", len(changed), len(before), changed[:min(3, len(changed))], len(now)-len(before))
	}
}

// hand changes documents of the state past every rule, and puts them back.
type hand interface {
	// add adds to the number at a path such as lots.0.on_hand.
	add(collection, id, path string, n int64)
	remove(collection, id string)
	// double makes a copy of a document under another id.
	double(collection, id, other string)
	putBack()
}

func (s *shop) byHand() hand {
	s.Helper()
	if s.onMongoDB() {
		ctx, db := s.mongoDB()
		return &mongoHand{shop: s, ctx: ctx, db: db}
	}
	h := &fileHand{shop: s, kept: map[string][]byte{}}
	for _, name := range []string{"state.db", "state.db-wal"} {
		if content, err := os.ReadFile(s.file(name)); err == nil {
			h.kept[name] = content
		}
	}
	return h
}

// source returns the path of what a document says of a family's events.
func (s *shop) source(collection, id, family string) string {
	s.Helper()
	var doc struct {
		Sources []struct {
			Family string `json:"family"`
		} `json:"sources"`
	}
	must(s, json.Unmarshal(s.document(collection, id), &doc))
	for i := range doc.Sources {
		if doc.Sources[i].Family == family {
			return fmt.Sprintf("sources.%d", i)
		}
	}
	s.Fatalf("%s %s has nothing of %s", collection, id, family)
	return ""
}

func (s *shop) document(collection, id string) []byte {
	s.Helper()
	if !s.onMongoDB() {
		db := s.open("state.db", "ro")
		defer db.Close()
		var doc string
		must(s, db.QueryRow("SELECT json(doc) FROM "+collection+" WHERE _id = ?", id).Scan(&doc))
		return []byte(doc)
	}
	ctx, db := s.mongoDB()
	raw, err := db.Collection(collection).FindOne(ctx, byID(id)).Raw()
	must(s, err)
	doc, err := bson.MarshalExtJSON(raw, false, false)
	must(s, err)
	return doc
}

// fileHand changes a state that is a file.
type fileHand struct {
	shop *shop
	kept map[string][]byte
}

func (h *fileHand) exec(statement string, args ...any) {
	h.shop.Helper()
	db := h.shop.open("state.db", "rw")
	result, err := db.Exec(statement, args...)
	must(h.shop, err)
	n, err := result.RowsAffected()
	must(h.shop, err, db.Close())
	if n != 1 {
		h.shop.Fatalf("%s changed %d documents", statement, n)
	}
}

func (h *fileHand) add(collection, id, path string, n int64) {
	h.shop.Helper()
	var at strings.Builder
	at.WriteByte('$')
	for part := range strings.SplitSeq(path, ".") {
		if strings.IndexFunc(part, func(r rune) bool { return !unicode.IsDigit(r) }) < 0 {
			fmt.Fprintf(&at, "[%s]", part)
		} else {
			fmt.Fprintf(&at, ".%q", part)
		}
	}
	h.exec("UPDATE "+collection+" SET doc = json_set(doc, ?1, json_extract(doc, ?1) + ?2) WHERE _id = ?3", at.String(), n, id)
}

func (h *fileHand) remove(collection, id string) {
	h.shop.Helper()
	h.exec("DELETE FROM "+collection+" WHERE _id = ?", id)
}

func (h *fileHand) double(collection, id, other string) {
	h.shop.Helper()
	h.exec("INSERT INTO "+collection+" (_id, version, review_on, rules_version, doc) SELECT ?1, version, review_on, rules_version, json_set(doc, '$._id', ?1) FROM "+collection+" WHERE _id = ?2", other, id)
}

func (h *fileHand) putBack() {
	h.shop.Helper()
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm"} {
		_ = os.Remove(h.shop.file(name)) // the latter two need not be there
	}
	for name, content := range h.kept {
		must(h.shop, os.WriteFile(h.shop.file(name), content, 0o600))
	}
}

// mongoHand changes a state in MongoDB.
type mongoHand struct {
	shop *shop
	ctx  context.Context
	db   *mongo.Database
	undo []func()
}

func byID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

// keep returns a document, and has it put back.
func (h *mongoHand) keep(collection, id string) (doc bson.D) {
	h.shop.Helper()
	must(h.shop, h.db.Collection(collection).FindOne(h.ctx, byID(id)).Decode(&doc))
	h.undo = append(h.undo, func() {
		h.shop.Helper()
		_, err := h.db.Collection(collection).ReplaceOne(h.ctx, byID(id), doc, options.Replace().SetUpsert(true))
		must(h.shop, err)
	})
	return doc
}

func (h *mongoHand) add(collection, id, path string, n int64) {
	h.shop.Helper()
	h.keep(collection, id)
	result, err := h.db.Collection(collection).UpdateOne(h.ctx, byID(id), bson.D{{Key: "$inc", Value: bson.D{{Key: path, Value: n}}}})
	must(h.shop, err)
	if result.ModifiedCount != 1 {
		h.shop.Fatalf("adding to %s of %s %s changed %d documents", path, collection, id, result.ModifiedCount)
	}
}

func (h *mongoHand) remove(collection, id string) {
	h.shop.Helper()
	h.keep(collection, id)
	_, err := h.db.Collection(collection).DeleteOne(h.ctx, byID(id))
	must(h.shop, err)
}

func (h *mongoHand) double(collection, id, other string) {
	h.shop.Helper()
	doc := h.keep(collection, id)
	for i := range doc {
		if doc[i].Key == "_id" {
			doc = slices.Clone(doc)
			doc[i].Value = other
			break
		}
	}
	_, err := h.db.Collection(collection).InsertOne(h.ctx, doc)
	must(h.shop, err)
	h.undo = append(h.undo, func() {
		h.shop.Helper()
		_, err := h.db.Collection(collection).DeleteOne(h.ctx, byID(other))
		must(h.shop, err)
	})
}

func (h *mongoHand) putBack() {
	h.shop.Helper()
	for _, undo := range slices.Backward(h.undo) {
		undo()
	}
	h.undo = nil
}
