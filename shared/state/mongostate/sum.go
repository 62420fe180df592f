package mongostate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"comptoir/shared/state"
)

// Sum adds up fields. Totals are exact: one that does not fit in 64 bits is an
// error. The server adds decimals, because its sum of integers turns into a
// float where it grows too large.
func (r *Reader) Sum(ctx context.Context, collection string, s state.Sum) ([]state.Group, error) {
	if err := errors.Join(state.CheckCollection(collection), s.Check()); err != nil {
		return nil, err
	}
	groups, err := r.sum(ctx, collection, &s)
	if err != nil {
		return nil, r.d.failed("adding up "+collection, err)
	}
	if len(groups) == 0 {
		if err := r.nothingYet(ctx, collection); err != nil {
			return nil, err
		}
		if s.GroupBy == "" {
			groups = []state.Group{{Sums: make([]int64, len(s.Fields))}}
		}
	}
	return groups, nil
}

func (r *Reader) sum(ctx context.Context, collection string, s *state.Sum) (groups []state.Group, err error) {
	cursor, err := r.d.db.Collection(collection).Aggregate(ctx, pipeline(s))
	if err != nil {
		return nil, err
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	at := map[string]int{}
	for cursor.Next(ctx) {
		g, err := group(cursor.Current, s)
		if err != nil {
			return nil, err
		}
		// Null and absent are one group, whether or not the server thinks so.
		i, there := at[g.Key]
		if !there {
			at[g.Key] = len(groups)
			groups = append(groups, g)
			continue
		}
		groups[i].Count += g.Count
		for k, n := range g.Sums {
			was := groups[i].Sums[k]
			if groups[i].Sums[k] = was + n; (n > 0) != (groups[i].Sums[k] > was) && n != 0 {
				return nil, beyond(s.Fields[k])
			}
		}
	}
	slices.SortFunc(groups, func(a, b state.Group) int { return cmp.Compare(a.Key, b.Key) })
	return groups, cursor.Err()
}

func op(name string, v any) bson.D { return bson.D{{Key: name, Value: v}} }

// pipeline adds up field k as sk, and says as bk whether it met what is no whole number.
func pipeline(s *state.Sum) bson.A {
	var key any
	if s.GroupBy != "" {
		key = op("$ifNull", bson.A{"$" + s.GroupBy, nil})
	}
	total := bson.D{{Key: "_id", Value: key}, {Key: "n", Value: op("$sum", int64(1))}}
	for k, field := range s.Fields {
		kind := op("$type", "$"+field)
		is := func(kinds ...string) bson.D { return op("$in", bson.A{kind, kinds}) }
		total = append(total,
			bson.E{Key: "s" + strconv.Itoa(k), Value: op("$sum", op("$cond", bson.A{is("long", "int"), op("$toDecimal", "$"+field), nil}))},
			bson.E{Key: "b" + strconv.Itoa(k), Value: op("$max", op("$cond", bson.A{is("long", "int", "null", "missing"), 0, 1}))})
	}
	return bson.A{op("$match", all(s.Filters)), op("$group", total)}
}

func group(row bson.Raw, s *state.Sum) (state.Group, error) {
	g := state.Group{Count: row.Lookup("n").AsInt64(), Sums: make([]int64, len(s.Fields))}
	switch key := row.Lookup("_id"); key.Type {
	case bson.TypeNull:
	case bson.TypeString:
		g.Key = key.StringValue()
	case bson.TypeBoolean, bson.TypeInt32, bson.TypeInt64, bson.TypeDecimal128, bson.TypeDouble:
		b, err := appendValue(nil, key.Type, key.Value)
		if err != nil {
			return g, err
		}
		g.Key = string(b)
	default:
		return g, fmt.Errorf("grouping by %s: it holds lists or objects: %w", s.GroupBy, state.ErrAsked)
	}
	for k, field := range s.Fields {
		if row.Lookup("b"+strconv.Itoa(k)).AsInt64() != 0 {
			return g, fmt.Errorf("adding up %s: it holds values that are no whole numbers: %w", field, state.ErrAsked)
		}
		var err error
		if g.Sums[k], err = exact(row.Lookup("s" + strconv.Itoa(k))); err != nil {
			return g, beyond(field)
		}
	}
	return g, nil
}

func beyond(field string) error {
	return fmt.Errorf("the total of %s does not fit in 64 bits: ask for less", field)
}

// exact returns a total as a whole number; a sum of nothing is an integer.
func exact(v bson.RawValue) (int64, error) {
	d, ok := v.Decimal128OK()
	if !ok {
		n, ok := v.AsInt64OK()
		if !ok {
			return 0, errBroken
		}
		return n, nil
	}
	n, exponent, err := d.BigInt()
	if err != nil {
		return 0, err
	}
	ten := big.NewInt(10)
	for ; exponent > 0; exponent-- {
		n.Mul(n, ten)
	}
	for ; exponent < 0; exponent++ {
		if _, rest := n.QuoRem(n, ten, new(big.Int)); rest.Sign() != 0 {
			return 0, errBroken
		}
	}
	if !n.IsInt64() {
		return math.MaxInt64, errBroken
	}
	return n.Int64(), nil
}
