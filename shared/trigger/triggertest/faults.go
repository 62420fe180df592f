package triggertest

import (
	"context"
	"errors"
	"sync"

	"comptoir/shared/projection"
	"comptoir/shared/state/sqlitestate"
)

// fault is what befalls an operation.
type fault uint8

const (
	fine   fault = iota
	before       // it is not done, and fails
	after        // it is done, and its reply is lost
	raced        // somebody else changes the documents first
)

// fat is what the store refuses to keep.
const fat = "fat"

var errLost = errors.New("the connection was lost")

// store is a real state whose operations fail as told.
type store struct {
	*sqlitestate.Store

	mu    sync.Mutex
	n     int // operations so far
	fault func(n int, op string, c *projection.Collection) fault
}

func (s *store) set(f func(n int, op string, c *projection.Collection) fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n, s.fault = 0, f
}

func (s *store) next(op string, c *projection.Collection) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil {
		return fine
	}
	s.n++
	return s.fault(s.n, op, c)
}

// Load is projection.Store's.
func (s *store) Load(ctx context.Context, c *projection.Collection, ids []string) (map[string]projection.Document, error) {
	if s.next("load", c) != fine || ctx.Err() != nil {
		return nil, errors.Join(errLost, ctx.Err())
	}
	return s.Store.Load(ctx, c, ids)
}

// Commit is projection.Store's.
func (s *store) Commit(ctx context.Context, c *projection.Collection, writes []projection.Write) ([]projection.Result, error) {
	f := s.next("commit", c)
	if f == before || ctx.Err() != nil {
		return nil, errors.Join(errLost, ctx.Err())
	}
	if f == raced {
		if err := s.race(ctx, c, writes); err != nil {
			return nil, err
		}
	}
	var kept []projection.Write
	results := make([]projection.Result, len(writes))
	for i, w := range writes {
		if t, ok := w.Doc.(*tally); ok && t.Padding == fat {
			results[i] = projection.Refused
		} else {
			kept = append(kept, w)
		}
	}
	// What is begun is ended, whatever becomes of the caller.
	got, err := s.Store.Commit(context.WithoutCancel(ctx), c, kept)
	if err != nil {
		return nil, err
	}
	for i, j := 0, 0; i < len(results); i++ {
		if results[i] == 0 {
			results[i] = got[j]
			j++
		}
	}
	if f == after {
		return nil, errLost
	}
	return results, nil
}

// race moves the versions of documents on that are there.
func (s *store) race(ctx context.Context, c *projection.Collection, writes []projection.Write) error {
	ids := make([]string, len(writes))
	for i, w := range writes {
		ids[i] = w.Doc.Head().ID
	}
	docs, err := s.Store.Load(ctx, c, ids)
	if err != nil {
		return err
	}
	var other []projection.Write
	for _, doc := range docs {
		h := doc.Head()
		h.Version++
		other = append(other, projection.Write{Doc: doc, Read: h.Version - 1})
	}
	if len(other) == 0 {
		return nil
	}
	_, err = s.Store.Commit(ctx, c, other)
	return err
}

// morgue is the real topic of dead letters, away as told.
type morgue struct {
	projection.Morgue

	mu   sync.Mutex
	away bool
}

func (m *morgue) set(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// Bury is projection.Morgue's.
func (m *morgue) Bury(ctx context.Context, letters []projection.DeadLetter) error {
	m.mu.Lock()
	away := m.away
	m.mu.Unlock()
	if away {
		return errLost
	}
	return m.Morgue.Bury(ctx, letters)
}
