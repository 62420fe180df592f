package sqlitestate

import (
	"fmt"
	"strings"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// table is a collection's table.
type table struct {
	projection.Collection
	// name is quoted for SQL.
	name string
	// indexes gives the statement that makes each index, by the index's name.
	indexes map[string]string
	// The statements; loading ends before the list of ids.
	insert, update, loading string
	reasons                 [2]reason // that a document is due for
}

// reason holds the questions which documents are due for one reason. many counts
// them, up to a limit. Few are found by the reason's index and sorted, many on the
// way through all documents in order, which then ends soon: SQLite by itself takes
// the second way, whose every page reads a million documents where none is due.
type reason struct{ many, few, all string }

func (t *table) reason(index, condition string) reason {
	indexed := " FROM " + t.name + " INDEXED BY " + quote(t.Name+"__"+index) + " WHERE " + condition
	return reason{
		many: "SELECT count(*) FROM (SELECT 1" + indexed + " LIMIT ?)",
		few:  "SELECT _id" + indexed + " AND _id > ? ORDER BY _id LIMIT ?",
		all:  "SELECT _id FROM " + t.name + " WHERE +" + condition + " AND _id > ? ORDER BY _id LIMIT ?",
	}
}

func newTable(c projection.Collection) (*table, error) {
	if err := state.CheckCollection(c.Name); err != nil {
		return nil, err
	}
	t := &table{Collection: c, name: quote(c.Name), indexes: map[string]string{}}
	t.insert = "INSERT INTO " + t.name + " (_id, version, review_on, rules_version, doc) VALUES (?, ?, ?, ?, ?) ON CONFLICT (_id) DO NOTHING"
	t.update = "UPDATE " + t.name + " SET version = ?, review_on = ?, rules_version = ?, doc = ? WHERE _id = ? AND version = ?"
	t.loading = "SELECT _id, doc FROM " + t.name + " WHERE _id IN"
	// Due asks by these two, whatever the collection declares.
	t.reasons = [2]reason{t.reason("due", column("review_on")+" <= ?"), t.reason("rules", column("rules_version")+" < ?")}
	t.index("due", "review_on")
	t.index("rules", "rules_version")
	for _, i := range c.Indexes {
		if err := state.CheckCollection(i.Name); err != nil {
			return nil, fmt.Errorf("the index %q of %s: %w", i.Name, c.Name, err)
		}
		if err := state.CheckField(i.Field); err != nil {
			return nil, fmt.Errorf("the index %s of %s: %w", i.Name, c.Name, err)
		}
		switch i.Field {
		case "_id", "review_on", "rules_version": // there already
		default:
			if !t.index(i.Name, i.Field) {
				return nil, fmt.Errorf("the index %s of %s: there is another one of that name: choose another", i.Name, c.Name)
			}
		}
	}
	return t, nil
}

// index declares an index; it returns false where there is one of that name.
func (t *table) index(name, field string) bool {
	name = t.Name + "__" + name
	if t.indexes[name] != "" {
		return false
	}
	// The text is compared with that of the index in the file: see Migrate.
	t.indexes[name] = "CREATE INDEX " + quote(name) + " ON " + t.name + " (" + column(field) + ", _id)"
	return true
}

// create makes the table. It has a hidden rowid, because a table that is
// ordered by text keeps documents of this size badly. What every question of the
// engine asks by stands in columns beside the document: SQLite would have to
// parse each document that is written for an index on a member of it, and for a
// CHECK that it is JSON. Documents that are changed by hand are parsed: the
// triggers know them by a version that stays.
func (t *table) create() []string {
	hand := " ON " + t.name + " FOR EACH ROW WHEN NEW.version = OLD.version"
	return []string{
		"CREATE TABLE IF NOT EXISTS " + t.name + ` (
  _id TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL CHECK (version > 0),
  review_on TEXT,
  rules_version INTEGER NOT NULL,
  doc TEXT NOT NULL
)`,
		"CREATE TRIGGER IF NOT EXISTS " + quote(t.Name+"__json") + " BEFORE UPDATE OF doc" + hand + `
  AND NOT json_valid(NEW.doc) BEGIN SELECT RAISE(ABORT, 'a document is JSON'); END`,
		"CREATE TRIGGER IF NOT EXISTS " + quote(t.Name+"__hand") + " AFTER UPDATE OF doc" + hand + `
  BEGIN UPDATE ` + t.name + " SET review_on = json_extract(NEW.doc, '$.review_on'), rules_version = json_extract(NEW.doc, '$.rules_version') WHERE _id = NEW._id; END",
	}
}

// quote quotes a checked name, which holds no quote itself.
func quote(name string) string { return `"` + name + `"` }

// column returns the SQL for the value of a checked field: a text, an integer
// (exact in 64 bits; true is 1, false 0), a decimal, or NULL for null and absent.
// Indexes are on this very text, so every question has to use it.
func column(field string) string {
	switch field {
	case "_id", "version", "review_on", "rules_version":
		return field
	}
	return "json_extract(doc, " + path(field) + ")"
}

// path returns the JSON path of a checked field, as SQL.
func path(field string) string {
	return `'$."` + strings.ReplaceAll(field, ".", `"."`) + `"'`
}
