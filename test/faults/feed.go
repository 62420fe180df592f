package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"comptoir/test/command"
)

// feed imports files one after the other, spread over a time, as an accountant
// would go on recording whatever happens. An import that was killed is run again.
type feed struct {
	s     *shop
	files []string
	every time.Duration // between the beginnings of two imports

	mu      sync.Mutex
	current *command.Process // nil before the first and after the last
	refusal string           // an import may end so…
	pause   chan struct{}    // …and is run again when this is closed
	retries int
	done    chan struct{}
	err     error // once done is closed
}

func (s *shop) feed(ctx context.Context, files []string, every time.Duration) *feed {
	f := &feed{s: s, files: files, every: every, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.err = f.run(ctx)
	}()
	return f
}

func (f *feed) run(ctx context.Context) error {
	defer f.set(nil)
	next := time.Now()
	for _, file := range f.files {
		if wait := time.Until(next); wait > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(wait):
			}
		}
		next = next.Add(f.every)
		if err := f.load(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) load(ctx context.Context, file string) error {
	for range 10 {
		p, err := f.s.start("import", "--profile", "online-retail", file, "--stock-date", "2011-12-09")
		if err != nil {
			return err
		}
		f.set(p)
		code, err := p.Wait(ctx)
		if err != nil {
			p.Kill()
			return err
		}
		if code == 0 {
			return nil
		}
		f.mu.Lock()
		f.retries++
		refusal, pause := f.refusal, f.pause
		f.mu.Unlock()
		switch said := p.Err.String(); {
		case code == -1: // killed
		case refusal != "" && strings.Contains(said, refusal) && strings.Contains(said, "run the same import again"):
			select {
			case <-pause:
			case <-ctx.Done():
				return ctx.Err()
			}
		default:
			return fmt.Errorf("%s: exit %d\n%s", p.Name, code, command.Tail(said))
		}
	}
	return fmt.Errorf("importing %s: it never came to an end", file)
}

// wait waits until everything is imported.
func (f *feed) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *feed) set(p *command.Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = p
}

// now is the import that runs, nil where there is none, between two or after the last.
func (f *feed) now() *command.Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.current; p != nil && p.Running() {
		return p
	}
	return nil
}

// over tells whether the last import has ended.
func (f *feed) over() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// mayStop lets imports end with a sentence that has this in it; goOn runs them again.
func (f *feed) mayStop(refusal string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusal, f.pause = refusal, make(chan struct{})
}

func (f *feed) goOn() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.pause)
}

// again is how many imports had to be run again.
func (f *feed) again() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.retries
}
