package sqlitestate

import (
	"strings"

	"comptoir/shared/state"
)

// query is a statement with its arguments; the limit is the last one and is
// added by the caller.
type query struct {
	text string
	args []any
}

// findQueries returns the statements that together answer f, to be asked in
// order until there are enough documents. Behind a cursor there are up to
// three: the rest of the equal values, the values beyond, and at the end of a
// descending order null and absent ones. Each of them is one range of an index,
// which SQLite would not see in one condition with OR.
func findQueries(collection string, f *state.Find) []query {
	filters := where(f.Filters)
	var parts []query
	add := func(order, condition string, args ...any) {
		c := filters
		if condition != "" {
			c = conditions{append(c.all[:len(c.all):len(c.all)], condition), append(c.args[:len(c.args):len(c.args)], args...)}
		}
		parts = append(parts, findQuery(collection, f, c, order))
	}
	direction, beyond := "", " > ?"
	if f.Descending {
		direction, beyond = " DESC", " < ?"
	}
	if f.ByID() {
		if f.After == nil {
			add("_id"+direction, "")
		} else {
			add("_id"+direction, "_id"+beyond, f.After.ID)
		}
		return parts
	}
	x := column(f.Sort)
	order := x + direction + ", _id"
	if f.After == nil {
		add(order, "")
		return parts
	}
	if f.After.Value.Kind() == 0 {
		add("_id", x+" IS NULL AND _id > ?", f.After.ID)
		if !f.Descending {
			add(order, x+" IS NOT NULL")
		}
		return parts
	}
	v := argument(f.After.Value)
	add("_id", x+" = ? AND _id > ?", v, f.After.ID)
	add(order, x+beyond, v)
	if f.Descending {
		add("_id", x+" IS NULL")
	}
	return parts
}

// findQuery orders the rows by their index entries alone and reads the
// documents of those that are left after the limit.
func findQuery(collection string, f *state.Find, c conditions, order string) query {
	t := quote(collection)
	sorted := "_id"
	if !f.ByID() {
		sorted = column(f.Sort)
	}
	outer := strings.Replace(strings.Replace(order, sorted, "k.sorted", 1), "_id", "k._id", 1)
	return query{
		"SELECT d.doc FROM (SELECT rowid AS place, " + sorted + " AS sorted, _id FROM " + t + c.String() + " ORDER BY " + order + " LIMIT ?) k" +
			" CROSS JOIN " + t + " d ON d.rowid = k.place ORDER BY " + outer,
		c.args,
	}
}

// conditions all hold.
type conditions struct {
	all  []string
	args []any
}

func (c conditions) String() string {
	if len(c.all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.all, " AND ")
}

var comparisons = [...]string{state.Equal: " = ?", state.AtLeast: " >= ?", state.AtMost: " <= ?", state.Prefix: " >= ?"}

func where(filters []state.Filter) conditions {
	var c conditions
	add := func(condition string, args ...any) {
		c.all, c.args = append(c.all, condition), append(c.args, args...)
	}
	for _, f := range filters {
		add(ofKind(f.Field, f.Value.Kind()))
		add(column(f.Field)+comparisons[f.Op], argument(f.Value))
		if f.Op == state.Prefix {
			if end, ok := prefixEnd(f.Value.Text()); ok {
				add(column(f.Field)+" < ?", end)
			}
		}
	}
	return c
}

// ofKind is the condition that a field holds a value of the kind. SQLite's own
// comparison takes true for 1, and orders numbers before texts.
func ofKind(field string, kind state.ValueKind) string {
	if field == "_id" {
		if kind == state.TextValue {
			return "true"
		}
		return "false"
	}
	types := map[state.ValueKind]string{
		state.TextValue: "= 'text'", state.NumberValue: "IN ('integer', 'real')", state.BoolValue: "IN ('true', 'false')",
	}
	return "json_type(doc, " + path(field) + ") " + types[kind]
}

func argument(v state.Value) any {
	if v.Kind() == state.TextValue {
		return v.Text()
	}
	return v.Number()
}

// prefixEnd returns the least text greater than all that begin with prefix,
// compared byte for byte; ok is false where there is none.
func prefixEnd(prefix string) (end string, ok bool) {
	b := []byte(prefix)
	for len(b) > 0 {
		if b[len(b)-1]++; b[len(b)-1] != 0 {
			return string(b), true
		}
		b = b[:len(b)-1]
	}
	return "", false
}
