package publish

import (
	"context"
	"math/rand/v2"
	"time"
)

// The steps of watching. What it costs is bounded: a change is published at once, and
// then none for four times what that took.
const (
	look       = 2 * time.Second  // how often the state is looked at
	rest       = 4                // times what a publication took
	firstPause = time.Second      // after an error, then doubled
	maxPause   = 60 * time.Second // each with up to half of it more
)

// Watch publishes whenever the state's version has changed, and its status
// within Options.Every, until the context ends, which is no error. The first
// publication has to succeed; later errors are logged, and it is tried again.
func (p *Publisher) Watch(ctx context.Context) error {
	r, err := p.Publish(ctx)
	if err != nil {
		return endless(ctx, err)
	}
	p.tell(&r)
	for pause := firstPause; wait(ctx, max(look, rest*r.Took)); {
		err := p.follow(ctx, &r)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // who ended it knows
		case err == nil && pause > firstPause:
			p.o.Log.Info("publishing goes on", "place", p.o.Place.String())
			pause = firstPause
		case err != nil:
			p.o.Log.Warn("publishing failed; readers keep what was published before", "place", p.o.Place.String(), "error", err, "again_in", pause)
			wait(ctx, pause+rand.N(pause/2))
			pause = min(2*pause, maxPause)
		}
	}
	return nil
}

// follow publishes where there is something to publish.
func (p *Publisher) follow(ctx context.Context, r *Result) error {
	due, err := p.due(ctx)
	if err != nil || !due {
		return err
	}
	if *r, err = p.Publish(ctx); err == nil {
		p.tell(r)
	}
	return err
}

// endless is nil where it was the end of the context that made an error.
func endless(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // who ended it knows
	}
	return err
}

// due tells whether there is something to publish.
func (p *Publisher) due(ctx context.Context) (bool, error) {
	if p.last == nil {
		return true, nil
	}
	status, err := p.o.Service.Status(ctx)
	if err != nil {
		return false, reason(err)
	}
	late := p.o.Every > 0 && p.o.Now().Sub(p.last.PublishedAt) >= p.o.Every-look
	return late || !sameState(&p.last.Status, &status), nil
}

func (p *Publisher) tell(r *Result) {
	if r.Written == 0 && r.Removed == 0 && !r.ConfigKept {
		p.o.Log.Debug("status published", "version", r.Version, "took", r.Took)
		return
	}
	p.o.Log.Info("published", "version", r.Version, "written", r.Written, "unchanged", r.Unchanged, "removed", r.Removed, "took", r.Took)
}

// wait waits, and tells whether the context goes on.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
