package publish

import (
	"context"
	"strings"
	"time"
)

// sweep removes what no index has named for the time to keep. That begins to count
// when it is seen here: after the index was replaced, so never too early, and also of
// files that a publisher left who was killed.
func (p *Publisher) sweep(ctx context.Context, files map[string]string) (removed int, err error) {
	named := set(files)
	page, err := p.pageAssets()
	if err != nil {
		return 0, err
	}
	now := p.o.Now().UTC().Truncate(time.Second)
	var old []string
	for name := range p.present {
		asset := strings.HasPrefix(name, assets)
		if named[name] || page[name] || asset && p.o.Page == nil {
			continue
		}
		since, known := p.journal.Retired[name]
		switch {
		case !known:
			p.journal.Retired[name] = now
		case now.Sub(since) > p.o.Keep:
			old = append(old, name)
		}
	}
	if len(old) > 0 {
		if err := p.o.Place.Remove(ctx, old); err != nil {
			return 0, err
		}
	}
	for _, name := range old {
		delete(p.present, name)
	}
	for name := range p.journal.Retired {
		if !p.present[name] {
			delete(p.journal.Retired, name)
		}
	}
	return len(old), p.keepJournal(ctx)
}
