package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// writer runs statements on the one connection that writes. It speaks to the
// driver itself: database/sql's conversions would cost as much as the rows of
// an import do. It is used only inside sql.Conn.Raw.
type writer struct {
	conn     driver.Conn
	json     []byte // scratch
	prepared map[string]*statement
	args     []driver.NamedValue
}

type statement struct {
	driver.StmtExecContext
	driver.StmtQueryContext
	close func() error
}

func newWriter(conn driver.Conn) *writer {
	return &writer{conn: conn, prepared: map[string]*statement{}}
}

// prepare keeps every statement for the life of the connection: their number
// is that of the texts in this package.
func (w *writer) prepare(query string) (*statement, error) {
	if s, ok := w.prepared[query]; ok {
		return s, nil
	}
	p, err := w.conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	exec, canExec := p.(driver.StmtExecContext)
	ask, canAsk := p.(driver.StmtQueryContext)
	if !canExec || !canAsk {
		return nil, errors.New("the SQLite driver has changed: its statements take no context")
	}
	s := &statement{exec, ask, p.Close}
	w.prepared[query] = s
	return s, nil
}

func (w *writer) close() {
	for _, s := range w.prepared {
		_ = s.close() // the connection goes with them
	}
	w.prepared = nil
}

func (w *writer) bind(args []any) []driver.NamedValue {
	w.args = w.args[:0]
	for i, a := range args {
		w.args = append(w.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return w.args
}

// exec runs a statement without rows. Arguments are int64, string, []byte or nil.
// No statement sees the caller's context: the driver would start a goroutine
// for each; Record looks at it instead.
func (w *writer) exec(query string, args ...any) error {
	s, err := w.prepare(query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background(), w.bind(args))
	return err
}

// patience is how long a transaction waits for another process to end its own.
const patience = 30 * time.Second

// begin takes the write lock, and waits for it while ctx lasts. It asks every
// two milliseconds: SQLite's own waiting backs off to a hundred, and would
// hardly ever meet the pause between two transactions of an import.
func (w *writer) begin(ctx context.Context) error {
	if err := w.exec("PRAGMA busy_timeout = 0"); err != nil {
		return err
	}
	// What is done while the lock is held may wait as SQLite does.
	defer func() { _ = w.exec("PRAGMA busy_timeout = 30000") }()
	for end := time.Now().Add(patience); ; {
		err := w.exec("BEGIN IMMEDIATE")
		var failure *sqlite.Error
		if err == nil || !errors.As(err, &failure) || failure.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// script runs several statements at once, not prepared.
func (w *writer) script(text string) error {
	e, ok := w.conn.(driver.ExecerContext)
	if !ok {
		return errors.New("the SQLite driver has changed: its connections run no scripts")
	}
	_, err := e.ExecContext(context.Background(), text, nil)
	return err
}

// row returns the first row of a query; ok is false where there is none.
func (w *writer) row(query string, args ...any) (r row, ok bool, err error) {
	err = w.each(query, func(one row) error {
		r, ok = append(row(nil), one...), true
		return io.EOF
	}, args...)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return r, ok, err
}

// each calls f for every row; the row is f's only until it returns.
func (w *writer) each(query string, f func(row) error, args ...any) (err error) {
	s, err := w.prepare(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), w.bind(args))
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	r := make(row, len(rows.Columns()))
	for {
		switch err := rows.Next(r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := f(r); err != nil {
			return err
		}
	}
}

// row is a row as the driver gives it: int64, string, []byte or nil.
type row []driver.Value

func (r row) int(i int) int64   { v, _ := r[i].(int64); return v }
func (r row) text(i int) string { v, _ := r[i].(string); return v }
func (r row) known(i int) bool  { return r[i] != nil }
func (r row) truth(i int) bool  { return r.int(i) != 0 }

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func intOrNull(v int64) any {
	if v == 0 {
		return nil
	}
	return v
}

func truth(b bool) any {
	if b {
		return int64(1)
	}
	return int64(0)
}
