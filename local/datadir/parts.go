package datadir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
)

// Part is one of the things that `comptoir run` runs.
type Part string

// The parts.
const (
	Broker    Part = "broker"
	Relay     Part = "relay"
	Functions Part = "functions"
	Query     Part = "query"
	// Accountant is the app in which the books are kept.
	Accountant Part = "accountant"
)

// Rebuild is no part of a run: it is held while the state is built anew.
const Rebuild Part = "rebuild"

// Parts lists the parts in the order of the data.
func Parts() []Part { return []Part{Relay, Broker, Functions, Query, Accountant} }

// Running is a part that is at work on the directory.
type Running struct {
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	Address string    `json:"address,omitempty"`
}

// HeldError says that a part runs already.
type HeldError struct {
	Part Part
	// By is who runs it; its PID is 0 where that is not known.
	By   Running
	Path string
}

// Error implements error.
func (e *HeldError) Error() string {
	by := "another process"
	if e.By.PID != 0 {
		by = fmt.Sprintf("process %d", e.By.PID)
	}
	return fmt.Sprintf("the %s of %s runs already in %s: stop that one first (Ctrl+C), or name another directory with --data DIR", e.Part, e.Path, by)
}

// Lease is the right to run parts, held until Release or the end of the process.
type Lease struct {
	dir   *Dir
	locks map[Part]*flock.Flock
}

// Acquire takes the parts, all or none. A part that runs already is a *HeldError.
func (d *Dir) Acquire(parts ...Part) (*Lease, error) {
	if err := os.MkdirAll(d.file("locks"), 0o700); err != nil {
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	l := &Lease{dir: d, locks: map[Part]*flock.Flock{}}
	for _, p := range parts {
		lock := d.lock(p)
		got, err := tryLock(lock)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("locking the %s in %s: %w", p, d.path, err), l.Release())
		}
		if !got {
			err := &HeldError{Part: p, Path: d.path}
			if all, readErr := d.entries(); readErr == nil {
				err.By = all[p]
			}
			return nil, errors.Join(err, l.Release())
		}
		l.locks[p] = lock
	}
	now := time.Now().UTC().Truncate(time.Second)
	return l, d.update(func(all map[Part]Running) {
		for p := range l.locks {
			all[p] = Running{PID: os.Getpid(), Since: now}
		}
	})
}

// Alone runs f while no other process runs what has the same name; it waits for one that does.
func (d *Dir) Alone(name string, f func() error) error {
	if err := os.MkdirAll(d.file("locks"), 0o700); err != nil {
		return fmt.Errorf("locking the data directory: %w", err)
	}
	lock := d.lock(Part(name))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("locking the %s in %s: %w", name, d.path, err)
	}
	defer lock.Close()
	return f()
}

// tryLock tries for a moment: who asks whether a part runs holds its lock
// for as long as that takes.
func tryLock(lock *flock.Flock) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	got, err := lock.TryLockContext(ctx, 10*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return got, err
}

// Announce tells other processes where a part of the lease listens.
func (l *Lease) Announce(p Part, address string) error {
	return l.dir.update(func(all map[Part]Running) {
		r := all[p]
		r.Address = address
		all[p] = r
	})
}

// Release gives the parts back.
func (l *Lease) Release() error {
	if len(l.locks) == 0 {
		return nil
	}
	errs := []error{l.dir.update(func(all map[Part]Running) {
		for p := range l.locks {
			delete(all, p)
		}
	})}
	for p, lock := range l.locks {
		errs = append(errs, lock.Unlock())
		delete(l.locks, p)
	}
	return errors.Join(errs...)
}

// Running returns the parts that are at work now, in this or another process. A
// process that was killed is not among them, whatever it left behind.
func (d *Dir) Running() (map[Part]Running, error) {
	all, err := d.entries()
	if err != nil {
		return nil, err
	}
	for p := range all {
		if !slices.Contains(Parts(), p) || !d.held(p) {
			delete(all, p)
		}
	}
	return all, nil
}

// held tells whether anyone holds the lock of a part. It asks for a shared lock, so that
// those who ask at the same time do not see each other.
func (d *Dir) held(p Part) bool {
	lock := d.lock(p)
	defer lock.Close()
	got, err := lock.TryRLock()
	return err == nil && !got
}

func (d *Dir) lock(p Part) *flock.Flock {
	return flock.New(filepath.Join(d.file("locks"), string(p)+".lock"))
}

func (d *Dir) entries() (map[Part]Running, error) {
	all := map[Part]Running{}
	b, err := os.ReadFile(d.file("run.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading which parts run: %w", err)
	}
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("reading %s: %w; remove that file, it is written again at the next run", d.file("run.json"), err)
	}
	return all, nil
}

// update changes run.json under a lock of its own: several processes may each
// run some of the parts. An unreadable file is begun anew.
func (d *Dir) update(change func(map[Part]Running)) error {
	lock := d.lock("run.json")
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("locking %s: %w", d.file("run.json"), err)
	}
	defer lock.Close()
	all, err := d.entries()
	if err != nil {
		all = map[Part]Running{}
	}
	change(all)
	if len(all) == 0 {
		if err := os.Remove(d.file("run.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing %s: %w", d.file("run.json"), err)
		}
		return nil
	}
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("writing which parts run: %w", err)
	}
	return d.write("run.json", append(b, '\n'))
}
