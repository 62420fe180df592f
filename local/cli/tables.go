package cli

import (
	"errors"

	"comptoir/local/tables"
	"comptoir/shared/money"
)

// column is one column of an exported table.
type column[T any] struct {
	name string
	kind tables.Kind
	text func(item *T, c money.Currency) string
}

// writeTable writes items with a writer that begin gives for their columns.
func writeTable[T any](begin func([]tables.Column) (tables.Writer, error), currency money.Currency, items []T, columns []column[T]) (err error) {
	heads, row := make([]tables.Column, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		heads[i] = tables.Column{Name: c.name, Kind: c.kind}
	}
	w, err := begin(heads)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for i := range items {
		for j, c := range columns {
			row[j] = c.text(&items[i], currency)
		}
		if err := w.Row(row); err != nil {
			return err
		}
	}
	return nil
}
