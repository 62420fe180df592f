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
	// The statements that commit.
	insert, update string
}

func newTable(c projection.Collection) (*table, error) {
	if err := state.CheckCollection(c.Name); err != nil {
		return nil, err
	}
	t := &table{Collection: c, name: quote(c.Name), indexes: map[string]string{}}
	t.insert = "INSERT INTO " + t.name + " (_id, version, doc) VALUES (?, ?, ?) ON CONFLICT (_id) DO NOTHING"
	t.update = "UPDATE " + t.name + " SET version = ?, doc = ? WHERE _id = ? AND version = ?"
	// Due asks by these two, whatever the collection declares.
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
// ordered by text keeps documents of this size badly. That doc is JSON needs no
// CHECK, which would parse each document once more: the indexes on json_extract
// refuse what is none.
func (t *table) create() string {
	return "CREATE TABLE IF NOT EXISTS " + t.name + ` (
  _id TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL CHECK (version > 0),
  doc TEXT NOT NULL
)`
}

// quote quotes a checked name, which holds no quote itself.
func quote(name string) string { return `"` + name + `"` }

// column returns the SQL for the value of a checked field: a text, an integer
// (exact in 64 bits; true is 1, false 0), a decimal, or NULL for null and absent.
// Indexes are on this very text, so every question has to use it.
func column(field string) string {
	if field == "_id" {
		return "_id"
	}
	return "json_extract(doc, " + path(field) + ")"
}

// path returns the JSON path of a checked field, as SQL.
func path(field string) string {
	return `'$."` + strings.ReplaceAll(field, ".", `"."`) + `"'`
}
