// Package ledger keeps the shop's books in one SQLite file: catalogue,
// clients, invoices, credit notes, stock, and the log of the events that all
// of it causes, written in the same transaction.
package ledger

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// readers is how many reads run at once; the relay, a verifier and a few pages
// never need more.
const readers = 4

// Ledger is an open ledger. Its methods may be called from many goroutines;
// one transaction writes at a time, of all processes that have the file open.
type Ledger struct {
	path       string
	id         string
	sources    []string // under which it has published; the last one is in force
	currency   money.Currency
	partitions int
	now        func() time.Time
	zone       *time.Location
	fixed      event.Date
	random     io.Reader // used by the gate's token's holder only

	gate  chan struct{} // holds one token: who takes it may write
	db    *sql.DB       // the writer's, of one connection
	conn  *sql.Conn
	w     *writer
	books *books // what the writer knows; used by the token's holder only

	read *sql.DB
	poll struct {
		sync.Mutex
		conn *sql.Conn
	}
	// floor is the latest time given out (microseconds): a clock that steps
	// back does not take the ledger with it.
	floor atomic.Int64
	// heads is the latest time that Heads gave out.
	heads atomic.Int64
}

// source is the address of the file for the driver. Dates and numbers are kept
// as they are; the driver is to convert nothing.
func source(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(30000)", "foreign_keys(1)", "synchronous(FULL)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func open(ctx context.Context, path string, o Options) (*Ledger, error) {
	l := &Ledger{path: path, now: o.Now, zone: o.Zone, fixed: o.BusinessDate, gate: make(chan struct{}, 1), books: &books{}}
	if l.now == nil {
		l.now = time.Now
	}
	if l.zone == nil {
		l.zone = time.UTC
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	// Buffered: a system call for each event would cost more than the event.
	l.random = bufio.NewReaderSize(o.Random, 4096)
	var err error
	if l.db, err = sql.Open("sqlite", source(path, "journal_mode(WAL)", "cache_size(-16000)", "wal_autocheckpoint(4000)", "trusted_schema(0)")); err != nil {
		return nil, explain("opening", path, err)
	}
	l.db.SetMaxOpenConns(1)
	if l.read, err = sql.Open("sqlite", source(path, "query_only(1)")); err != nil {
		return nil, explain("opening", path, err)
	}
	if l.conn, err = l.db.Conn(ctx); err != nil {
		_ = l.db.Close() // nothing was written
		return nil, explain("opening", path, err)
	}
	l.read.SetMaxOpenConns(readers + 1) // one of them watches
	l.gate <- struct{}{}
	return l, nil
}

// load reads what a ledger is.
func (l *Ledger) load(ctx context.Context) error {
	row := l.conn.QueryRowContext(ctx, "SELECT id, currency, partitions FROM ledger")
	if err := row.Scan(&l.id, &l.currency, &l.partitions); err != nil {
		return l.explain("opening", err)
	}
	return l.readSources(ctx)
}

// Close closes the ledger once the transaction under way has ended.
func (l *Ledger) Close() error {
	if _, open := <-l.gate; !open {
		return nil
	}
	close(l.gate)
	l.poll.Lock()
	if l.poll.conn != nil {
		_ = l.poll.conn.Close() // it only read
	}
	l.poll.Unlock()
	_ = l.read.Close() // they only read
	if l.w != nil {
		l.w.close()
	}
	_ = l.conn.Close() // gives the connection back; the next line closes it
	if err := l.db.Close(); err != nil {
		return l.explain("closing", err)
	}
	return nil
}

// ID is the ledger's own, made at its creation.
func (l *Ledger) ID() string { return l.id }

// Path is the ledger's file.
func (l *Ledger) Path() string { return l.path }

// Currency is that of every amount in the ledger.
func (l *Ledger) Currency() money.Currency { return l.currency }

// Partitions is over how many partitions the keys of each topic are spread.
func (l *Ledger) Partitions() int { return l.partitions }

// Today is the business date: fixed by the options, or by clock and zone.
func (l *Ledger) Today() event.Date {
	if l.fixed != event.NoDate {
		return l.fixed
	}
	return event.DateOf(l.now().In(l.zone))
}

// take waits for the right to write.
func (l *Ledger) take(ctx context.Context) error {
	select {
	case _, open := <-l.gate:
		if !open {
			return fmt.Errorf("writing to the ledger %s: %w: open it again", l.path, ErrClosed)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting to write to the ledger %s: %w", l.path, ctx.Err())
	}
}

func (l *Ledger) give() { l.gate <- struct{}{} }

// clock returns the time in microseconds; it never goes back.
func (l *Ledger) clock(atLeast int64) int64 {
	for {
		floor := l.floor.Load()
		at := max(l.now().UnixMicro(), floor, atLeast)
		if l.floor.CompareAndSwap(floor, at) {
			return at
		}
	}
}

// writing calls f with the writer's connection. A panic of f goes on after the
// connection is in order again.
func (l *Ledger) writing(ctx context.Context, f func(*writer) error) error {
	if err := l.take(ctx); err != nil {
		return err
	}
	defer l.give()
	var thrown any
	err := l.conn.Raw(func(c any) (err error) {
		defer func() { thrown = recover() }()
		if l.w == nil {
			l.w = newWriter(driverConn(c))
		}
		return f(l.w)
	})
	if thrown != nil {
		panic(thrown)
	}
	return err
}

// immediate runs f in a transaction of its own.
func (l *Ledger) immediate(ctx context.Context, doing string, f func(*writer) error) error {
	return l.writing(ctx, func(w *writer) error {
		return l.transact(ctx, w, doing, func() error { return f(w) })
	})
}

// transact runs f in a transaction that holds the write lock from its
// beginning, and rolls it back where f fails or panics.
func (l *Ledger) transact(ctx context.Context, w *writer, doing string, f func() error) error {
	if err := w.begin(ctx); err != nil {
		return l.explain(doing, err)
	}
	committed := false
	defer func() {
		if !committed {
			_ = w.exec("ROLLBACK") // some failures have rolled back already
		}
	}()
	if err := f(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s the ledger %s: stopped before it was committed, nothing was recorded: %w", doing, l.path, err)
	}
	if err := w.exec("COMMIT"); err != nil {
		return l.explain(doing, err)
	}
	committed = true
	return nil
}
