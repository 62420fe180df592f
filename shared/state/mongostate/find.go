package mongostate

import (
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"comptoir/shared/state"
)

// question is one query; the limit is added by the caller.
type question struct{ filter, sort bson.D }

// questions returns the queries that together answer f, to be asked in order
// until there are enough documents. Behind a cursor there are up to three: the
// rest of the equal values, the values beyond, and at the end of a descending
// order null and absent ones. Each of them is one range of an index.
func questions(f *state.Find) []question {
	var parts []question
	add := func(sort bson.D, conditions ...bson.E) {
		parts = append(parts, question{all(f.Filters, conditions...), sort})
	}
	direction, beyond := 1, "$gt"
	if f.Descending {
		direction, beyond = -1, "$lt"
	}
	byID := bson.D{{Key: "_id", Value: 1}}
	if f.ByID() {
		order := bson.D{{Key: "_id", Value: direction}}
		if f.After == nil {
			add(order)
		} else {
			add(order, is("_id", beyond, f.After.ID))
		}
		return parts
	}
	order := bson.D{{Key: f.Sort, Value: direction}, {Key: "_id", Value: 1}}
	if f.After == nil {
		add(order)
		return parts
	}
	behind := is("_id", "$gt", f.After.ID)
	if f.After.Value.Kind() == 0 {
		add(byID, is(f.Sort, "$eq", nil), behind)
		if !f.Descending {
			add(order, is(f.Sort, "$ne", nil))
		}
		return parts
	}
	v := argument(f.After.Value)
	add(byID, is(f.Sort, "$eq", v), behind)
	add(order, is(f.Sort, beyond, v))
	if f.Descending {
		add(byID, is(f.Sort, "$eq", nil))
	}
	return parts
}

func is(field, op string, v any) bson.E {
	return bson.E{Key: field, Value: bson.D{{Key: op, Value: v}}}
}

var comparisons = [...]string{state.Equal: "$eq", state.AtLeast: "$gte", state.AtMost: "$lte", state.Prefix: "$gte"}

// all is the filter that all conditions hold. MongoDB compares a value only with
// values of its own kind, as Filter says; texts by their bytes.
func all(filters []state.Filter, conditions ...bson.E) bson.D {
	every := bson.A{}
	for _, f := range filters {
		every = append(every, bson.D{is(f.Field, comparisons[f.Op], argument(f.Value))})
		if f.Op == state.Prefix {
			if end, ok := prefixEnd(f.Value.Text()); ok {
				every = append(every, bson.D{is(f.Field, "$lt", end)})
			}
		}
	}
	for _, c := range conditions {
		every = append(every, bson.D{c})
	}
	switch len(every) {
	case 0:
		return bson.D{}
	case 1:
		return every[0].(bson.D) //nolint:forcetypeassert // put there above
	}
	return bson.D{{Key: "$and", Value: every}}
}

func argument(v state.Value) any {
	switch v.Kind() {
	case state.TextValue:
		return v.Text()
	case state.BoolValue:
		return v.Number() != 0
	default:
		return v.Number()
	}
}

// prefixEnd returns the least text greater than all that begin with prefix; ok is
// false where there is none. It counts in characters, not in bytes, because a
// server takes only valid UTF-8; their order is the same.
func prefixEnd(prefix string) (end string, ok bool) {
	for len(prefix) > 0 {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch last {
		case utf8.MaxRune:
			continue
		case 0xd7ff: // what follows is no character
			last = 0xdfff
		}
		return prefix + string(last+1), true
	}
	return "", false
}
