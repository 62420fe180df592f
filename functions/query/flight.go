package query

import (
	"context"
	"sync"
	"time"
)

// loaded is a value that is read once, by the first who asks, for everybody.
// An error is told to all who wait for it and is not kept.
type loaded[T any] struct {
	mu     sync.Mutex
	ok     bool
	value  T
	flight *flight[T]
}

// flight is one reading under way. done is closed when value and err are set.
type flight[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// get returns the value, reading it where it is not there yet. The reading goes
// on to its end or to the time limit even when the caller leaves: others wait
// for it, and the next will ask again.
func (l *loaded[T]) get(ctx context.Context, limit time.Duration, read func(context.Context) (T, error)) (T, error) {
	l.mu.Lock()
	if l.ok {
		defer l.mu.Unlock()
		return l.value, nil
	}
	f := l.flight
	if f == nil {
		f = &flight[T]{done: make(chan struct{})}
		l.flight = f
		go l.fly(context.WithoutCancel(ctx), limit, f, read)
	}
	l.mu.Unlock()
	return f.wait(ctx)
}

func (l *loaded[T]) fly(ctx context.Context, limit time.Duration, f *flight[T], read func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	f.value, f.err = read(ctx)
	l.mu.Lock()
	l.flight = nil
	if f.err == nil {
		l.ok, l.value = true, f.value
	}
	l.mu.Unlock()
	close(f.done)
}

func (f *flight[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
