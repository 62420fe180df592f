package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// migrations are numbered from 1 without holes; each is run once, in a
// transaction of its own, and never edited after a release.
//
//go:embed migrations/*.sql
var migrations embed.FS

// application marks the file as ours in its header ("Cmpt").
const application = 0x436d7074

func driverConn(c any) driver.Conn { d, _ := c.(driver.Conn); return d }

// Create makes a ledger in a new file; an existing file is refused. It appears
// under its name only when it is complete.
func Create(ctx context.Context, path string, s Setup, o Options) (*Ledger, error) {
	if _, err := money.ParseCurrency(string(s.Currency)); err != nil {
		return nil, fmt.Errorf("creating the ledger %s: %w", path, err)
	}
	if s.Partitions < 1 || s.Partitions > 1000 {
		return nil, fmt.Errorf("creating the ledger %s: %d partitions: choose 1 to 1000", path, s.Partitions)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return nil, fmt.Errorf("creating the ledger %s: %w: open it, or name another file", path, err)
	}
	building := path + ".new"
	if err := removeDatabase(building); err != nil {
		return nil, fmt.Errorf("creating the ledger %s: %w", path, err)
	}
	if err := create(ctx, building, s, o); err != nil {
		_ = removeDatabase(building) // it was never a ledger
		return nil, err
	}
	// Link refuses where Rename would replace what another process made meanwhile.
	if err := os.Link(building, path); err != nil {
		_ = removeDatabase(building) // it was never a ledger
		return nil, fmt.Errorf("creating the ledger %s: %w: open it, or name another file", path, err)
	}
	if err := os.Remove(building); err != nil {
		return nil, fmt.Errorf("creating the ledger %s: %w", path, err)
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // best effort: not every file system can
		_ = dir.Close()
	}
	return Open(ctx, path, o)
}

func removeDatabase(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func create(ctx context.Context, path string, s Setup, o Options) error {
	if err := private(path); err != nil {
		return fmt.Errorf("creating the ledger %s: %w", path, err)
	}
	l, err := open(ctx, path, o)
	if err != nil {
		return err
	}
	err = l.setUp(ctx, s)
	return errors.Join(err, l.Close())
}

// private makes an empty file that only its owner reads. SQLite, which would let others
// read it too, takes that over, for its log and its shared memory as well.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (l *Ledger) setUp(ctx context.Context, s Setup) error {
	if err := l.migrate(ctx); err != nil {
		return err
	}
	var id [16]byte
	if _, err := io.ReadFull(l.random, id[:]); err != nil {
		return fmt.Errorf("creating the ledger %s: %w", l.path, err)
	}
	return l.immediate(ctx, "creating", func(w *writer) error {
		if err := w.exec("INSERT INTO ledger (one, id, currency, partitions, created_at) VALUES (1, ?, ?, ?, ?)",
			hex.EncodeToString(id[:]), string(s.Currency), int64(s.Partitions), l.clock(0)); err != nil {
			return l.explain("creating", err)
		}
		for t, topic := range event.LedgerTopics {
			for p := range s.Partitions {
				if err := w.exec("INSERT INTO streams (number, name, last_sequence) VALUES (?, ?, 0)",
					streamNumber(t, p, s.Partitions), string(topic)+"/"+strconv.Itoa(p)); err != nil {
					return l.explain("creating", err)
				}
			}
		}
		return nil
	})
}

// streamNumber numbers the streams from 1: by topic as in event.LedgerTopics,
// then by partition.
func streamNumber(topic, partition, partitions int) int64 {
	return int64(topic*partitions + partition + 1)
}

// Open opens a ledger and migrates it up. A database of a newer version is
// refused with ErrNewer, a file that is none of ours with ErrNotLedger.
func Open(ctx context.Context, path string, o Options) (*Ledger, error) {
	if err := check(path); err != nil {
		return nil, err
	}
	l, err := open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	if err = l.migrate(ctx); err == nil {
		err = l.load(ctx)
	}
	if err != nil {
		_ = l.Close() // the first error says it
		return nil, err
	}
	return l, nil
}

// check refuses files that are not ours, by their header, before SQLite opens
// and changes them. Create leaves nothing of the header in a write-ahead log.
func check(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the ledger %s: %w: name the right file, or create a ledger there", path, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	var header [72]byte
	if _, err := io.ReadFull(f, header[:]); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("opening the ledger %s: %w: check the file and the disk", path, err)
	}
	// https://www.sqlite.org/fileformat.html#the_database_header
	if string(header[:16]) != "SQLite format 3\x00" || binary.BigEndian.Uint32(header[68:]) != application {
		return fmt.Errorf("opening the ledger %s: %w: name the right file", path, ErrNotLedger)
	}
	return nil
}

func (l *Ledger) migrate(ctx context.Context) error {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("migrating the ledger %s: %w", l.path, err)
	}
	for {
		done := false
		err := l.immediate(ctx, "migrating", func(w *writer) error {
			version, _, err := w.row("PRAGMA user_version")
			if err != nil {
				return l.explain("migrating", err)
			}
			at := int(version.int(0))
			if at > len(steps) {
				return fmt.Errorf("opening the ledger %s: its schema has version %d and this program knows up to %d: %w: use the newer program", l.path, at, len(steps), ErrNewer)
			}
			if done = at == len(steps); done {
				return nil
			}
			text, err := migrations.ReadFile(steps[at])
			if err != nil {
				return fmt.Errorf("migrating the ledger %s: %w", l.path, err)
			}
			script := fmt.Sprintf("%s\nPRAGMA application_id = %d; PRAGMA user_version = %d;", text, application, at+1)
			if err := w.script(script); err != nil {
				return l.explain("running "+steps[at]+" on", err)
			}
			return nil
		})
		if done || err != nil {
			return err
		}
	}
}

// ReadOnly begins a transaction that only reads, for SQL over one unchanging
// snapshot of the ledger. End it with Rollback; while it lasts the file's
// write-ahead log cannot shrink.
func (l *Ledger) ReadOnly(ctx context.Context) (*sql.Tx, error) {
	tx, err := l.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, l.explain("reading", err)
	}
	// The snapshot is that of the first read.
	var one int
	if err := tx.QueryRowContext(ctx, "SELECT one FROM ledger").Scan(&one); err != nil {
		_ = tx.Rollback() // it only read
		return nil, l.explain("reading", err)
	}
	return tx, nil
}
