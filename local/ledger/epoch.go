package ledger

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
)

const sourcePrefix = "/ledgers/"

// readSources reads the sources that the ledger has published under, the one in force last.
func (l *Ledger) readSources(ctx context.Context) error {
	rows, err := l.conn.QueryContext(ctx, "SELECT source FROM (SELECT 1 AS number, id AS source FROM ledger UNION ALL SELECT number, source FROM epochs) ORDER BY number")
	if err != nil {
		return l.explain("opening", err)
	}
	defer func() { _ = rows.Close() }() // it was only read
	l.sources = nil
	for rows.Next() {
		var source string
		if err := rows.Scan(&source); err != nil {
			return l.explain("opening", err)
		}
		l.sources = append(l.sources, sourcePrefix+source)
	}
	return l.explain("opening", rows.Err())
}

// Source is the CloudEvents source of its events, /ledgers/<id>. The id is the
// ledger's own, until NewEpoch makes another.
func (l *Ledger) Source() string { return l.sources[len(l.sources)-1] }

// Retired lists the sources that it had before, oldest first.
func (l *Ledger) Retired() []string { return l.sources[:len(l.sources)-1] }

// NewEpoch gives the ledger a new source, under which nothing is published yet.
// Nobody else may have the ledger open who publishes.
func (l *Ledger) NewEpoch(ctx context.Context) error {
	const doing = "beginning a new epoch of"
	source := ""
	err := l.immediate(ctx, doing, func(w *writer) error {
		var id [16]byte
		if _, err := io.ReadFull(l.random, id[:]); err != nil {
			return fmt.Errorf("%s the ledger %s: %w", doing, l.path, err)
		}
		source = hex.EncodeToString(id[:])
		if err := w.exec("INSERT INTO epochs (number, source, begun_at) VALUES (coalesce((SELECT max(number) FROM epochs), 1) + 1, ?, ?)", source, l.clock(0)); err != nil {
			return l.explain(doing, err)
		}
		if err := w.exec("DELETE FROM publications"); err != nil {
			return l.explain(doing, err)
		}
		return l.explain(doing, w.exec("UPDATE streams SET published = 0"))
	})
	if err == nil {
		l.sources = append(l.sources, sourcePrefix+source)
	}
	return err
}
