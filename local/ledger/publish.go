package ledger

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"comptoir/shared/event"
)

// asking runs queries outside of a transaction, each on the newest state.
func (l *Ledger) asking(ctx context.Context, f func(asker) error) error {
	conn, err := l.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back to the pool
	return conn.Raw(func(c any) error {
		w := newWriter(driverConn(c))
		defer w.close()
		return f(w)
	})
}

// Events returns the events of a stream from a sequence on, ascending, at most
// limit; none where the stream has not got so far.
func (l *Ledger) Events(ctx context.Context, stream string, from int64, limit int) ([]Logged, error) {
	number, err := l.streamNumber(stream)
	if err != nil {
		return nil, err
	}
	from = max(from, 1)
	var events []Logged
	err = l.asking(ctx, func(q asker) (err error) {
		events, err = l.readEvents(q, stream, eventsQuery+"ORDER BY id LIMIT ?", limit, number<<sequenceBits|from, number<<sequenceBits|sequenceMask, int64(limit))
		return err
	})
	if err != nil {
		return nil, l.explain("reading the events of", err)
	}
	return events, nil
}

const eventsQuery = "SELECT id, uuid, type, key, revision, time, subject, CAST(data AS BLOB) FROM event_log WHERE id BETWEEN ? AND ? "

// eventsBetween returns the events of an entry among some of a stream.
func (l *Ledger) eventsBetween(q asker, stream string, from, to, entry int64) ([]Logged, error) {
	return l.readEvents(q, stream, eventsQuery+"AND entry = ? ORDER BY id", 8, from, to, entry)
}

func (l *Ledger) readEvents(q asker, stream, query string, expected int, args ...any) (events []Logged, err error) {
	source := l.Source()
	err = q.each(query, func(r row) error {
		id, _ := r[1].([]byte)
		data, _ := r[7].([]byte) // the driver's own copy
		t, ok := typesByName[r.text(2)]
		if !ok || len(id) != 16 {
			return fmt.Errorf("event %d of %s has the type %q, which this program does not know: use the newer program", r.int(0)&sequenceMask, stream, r.text(2))
		}
		if events == nil {
			events = make([]Logged, 0, min(expected, 1024))
		}
		events = append(events, Logged{
			Attributes: event.Attributes{
				ID: uuidText(id), Source: source, Type: t, Subject: r.text(6), Time: timeOf(r.int(5)), Key: r.text(3),
				Revision: r.int(4), Stream: stream, Sequence: r.int(0) & sequenceMask,
			},
			Data: data,
		})
		return nil
	}, args...)
	return events, err
}

func uuidText(id []byte) string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// streamNumber finds the number of a stream by its name, such as sales/3.
func (l *Ledger) streamNumber(stream string) (int64, error) {
	for i, topic := range event.LedgerTopics {
		prefix := string(topic) + "/"
		if len(stream) <= len(prefix) || stream[:len(prefix)] != prefix {
			continue
		}
		for p := range l.partitions {
			if stream[len(prefix):] == strconv.Itoa(p) {
				return streamNumber(i, p, l.partitions), nil
			}
		}
	}
	return 0, fmt.Errorf("the ledger %s has no stream %q: its streams are %s/0 to %s/%d", l.path, stream, event.Sales, event.Clients, l.partitions-1)
}

// Heads returns the last sequence recorded per stream in one snapshot, and a
// time: everything recorded before it is within the heads. It writes nothing
// and hardly waits: where nobody is recording the time is now, otherwise it is
// that of the last entry, which whatever is under way cannot precede.
func (l *Ledger) Heads(ctx context.Context) (heads map[string]int64, at time.Time, err error) {
	return l.look(ctx, false)
}

// Pulse is Heads for a heartbeat, which outlives the process: it notes the time,
// so that nobody records an entry before it afterwards, whatever their clock says.
func (l *Ledger) Pulse(ctx context.Context) (heads map[string]int64, at time.Time, err error) {
	return l.look(ctx, true)
}

func (l *Ledger) look(ctx context.Context, note bool) (heads map[string]int64, at time.Time, err error) {
	quick, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	var latest int64
	err = l.writing(quick, func(w *writer) error {
		if err := w.begin(quick); err != nil {
			return err
		}
		noted := false
		defer func() {
			if !noted {
				_ = w.exec("ROLLBACK") // nothing was written
			}
		}()
		if heads, latest, err = readHeads(w); err != nil {
			return err
		}
		latest = l.clock(latest)
		if note {
			if err := w.exec("INSERT INTO notes (key, value) VALUES ('pulse', ?) ON CONFLICT DO UPDATE SET value = excluded.value", strconv.FormatInt(latest, 10)); err != nil {
				return err
			}
			if err := w.exec("COMMIT"); err != nil {
				return err
			}
			noted = true
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		err = l.asking(ctx, func(q asker) error {
			heads, latest, err = readHeads(q)
			return err
		})
	}
	if err != nil {
		return nil, time.Time{}, l.explain("reading the heads of", err)
	}
	for {
		before := l.heads.Load()
		if latest <= before || l.heads.CompareAndSwap(before, latest) {
			return heads, timeOf(max(latest, before)), nil
		}
	}
}

// notedPulse is the time of the last pulse, in SQL.
const notedPulse = "(SELECT CAST(value AS INTEGER) FROM notes WHERE key = 'pulse')"

// readHeads reads heads and the time of the last entry, or of the last pulse, in
// one statement, which is one snapshot.
func readHeads(q asker) (heads map[string]int64, latest int64, err error) {
	heads = map[string]int64{}
	err = q.each("SELECT name, last_sequence, (SELECT recorded_at FROM entries ORDER BY id DESC LIMIT 1), "+notedPulse+" FROM streams", func(r row) error {
		heads[r.text(0)] = r.int(1)
		latest = max(r.int(2), r.int(3))
		return nil
	})
	return heads, latest, err
}

// Published returns how far each stream has been published.
func (l *Ledger) Published(ctx context.Context) (map[string]int64, error) {
	marks := map[string]int64{}
	err := l.asking(ctx, func(q asker) error {
		return q.each("SELECT name, published FROM streams", func(r row) error {
			marks[r.text(0)] = r.int(1)
			return nil
		})
	})
	if err != nil {
		return nil, l.explain("reading what was published of", err)
	}
	return marks, nil
}

// MarkPublished notes how far streams have been published; a mark never goes
// back, and what did not move is not written. Where the events are is noted with it.
func (l *Ledger) MarkPublished(ctx context.Context, marks map[string]int64, runs ...Run) error {
	return l.immediate(ctx, "noting what was published of", func(w *writer) error {
		for stream, sequence := range marks {
			number, err := l.streamNumber(stream)
			if err != nil {
				return err
			}
			if err := w.exec("UPDATE streams SET published = ?1 WHERE number = ?2 AND published < ?1", sequence, number); err != nil {
				return l.explain("noting what was published of", err)
			}
		}
		for _, run := range runs {
			number, err := l.streamNumber(run.Stream)
			if err != nil {
				return err
			}
			if err := noteRun(w, number, run); err != nil {
				return l.explain("noting what was published of", err)
			}
		}
		return nil
	})
}

// DataVersion changes whenever anyone else committed to the file, and may
// change without; asking is cheap. Numbers are compared within one process only.
func (l *Ledger) DataVersion(ctx context.Context) (int64, error) {
	l.poll.Lock()
	defer l.poll.Unlock()
	if l.poll.conn == nil {
		conn, err := l.read.Conn(ctx)
		if err != nil {
			return 0, l.explain("watching", err)
		}
		l.poll.conn = conn
	}
	var version int64
	if err := l.poll.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
		_ = l.poll.conn.Close() // the next question takes another
		l.poll.conn = nil
		return 0, l.explain("watching", err)
	}
	return version, nil
}

// Note returns what another part, such as the relay, noted under a key; "" where nothing.
func (l *Ledger) Note(ctx context.Context, key string) (value string, err error) {
	err = l.asking(ctx, func(q asker) error {
		r, ok, err := q.row("SELECT value FROM notes WHERE key = ?", key)
		if ok {
			value = r.text(0)
		}
		return err
	})
	return value, l.explain("reading a note of", err)
}

// SetNote notes a value under a key.
func (l *Ledger) SetNote(ctx context.Context, key, value string) error {
	return l.immediate(ctx, "noting in", func(w *writer) error {
		return l.explain("noting in", w.exec("INSERT INTO notes (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", key, value))
	})
}
