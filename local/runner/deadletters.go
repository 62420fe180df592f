package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"comptoir/functions/query"
	"comptoir/local/deadletters"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// Applied asks a state whether the documents of functions hold an event.
func Applied(reader Reader, all []projection.Function) deadletters.Applied {
	collections := map[string]string{}
	for _, f := range all {
		collections[f.Name] = f.Collection.Name
	}
	return func(ctx context.Context, function string, a event.Attributes) (bool, error) {
		collection, ok := collections[function]
		if !ok {
			return false, nil // a function of another version
		}
		live, err := query.Live(ctx, reader)
		if err != nil {
			return false, err
		}
		raw, ok, err := live.Get(ctx, collection, a.Key)
		if errors.Is(err, state.ErrNothingYet) || err == nil && !ok {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		var head projection.Header
		if err := json.Unmarshal(raw, &head); err != nil {
			return false, fmt.Errorf("reading the document %s of %s: %w", a.Key, collection, err)
		}
		for i := range head.Sources {
			if s := &head.Sources[i]; s.Source == a.Source && s.Family == a.Type.Family() {
				return s.Has(a.Revision), nil
			}
		}
		return false, nil
	}
}
