// Package publish writes what the query API answers as files: into a folder or
// into a bucket, where a page or any other reader finds them with no server of ours.
//
// Files are named by their content and never change; a small index names those that
// belong together. Files are put first and the index last, at once; what no index
// names any more is removed only later. So a reader who takes the index and then its
// files sees one version of the state, whole, whatever is published meanwhile and
// wherever a publisher is killed.
package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/functions/query"
)

// Options say what is published and where. Service, Place and Log are required.
type Options struct {
	Service *query.Service
	Place   Place
	Log     *slog.Logger
	// Page holds the files of the manager's page, to be put beside the snapshots;
	// nil for none.
	Page fs.FS
	// Names has the clients' names published too.
	Names bool
	// Every is within what time the next index is promised; 0 for no promise.
	Every time.Duration
	// Keep is how long a file stays that no index names any more; 0 takes ten minutes.
	Keep time.Duration
	// Now is the clock; nil takes time.Now.
	Now func() time.Time
}

// Result tells what a publication did.
type Result struct {
	Version string
	// Written and Unchanged count files that are named by their content, Bytes those
	// of the written ones before they were compressed.
	Written, Unchanged int
	Bytes              int64
	Removed            int
	// ConfigKept tells that a config.json of somebody else's was left as it is.
	ConfigKept bool
	Took       time.Duration
}

// Publisher publishes to one place. It is for one goroutine.
type Publisher struct {
	o       Options
	present map[string]bool // lasting files that are there
	listed  time.Time       // when that was looked at
	journal journal
	kept    []byte // the journal as it stands in the place
	last    *Index // what was published last; nil before that
}

const (
	defaultKeep = 10 * time.Minute
	// relist is how often a place is looked at anew: somebody may have removed files.
	relist = 10 * time.Minute
)

// Open looks at the place. One that holds other things is refused and left as it is.
func Open(ctx context.Context, o Options) (*Publisher, error) {
	if o.Keep == 0 {
		o.Keep = defaultKeep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Publisher{o: o}
	names, err := o.Place.List(ctx)
	if err != nil {
		return nil, err
	}
	content, _, err := o.Place.Get(ctx, journalName)
	switch {
	case errors.Is(err, errAbsent) && len(names) > 0:
		return nil, fmt.Errorf("%s is no place of snapshots and is not empty (it holds %s): name an empty one or a new one", o.Place, names[0])
	case err == nil:
		err = decode(o.Place, journalName, content, &p.journal)
	case errors.Is(err, errAbsent):
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if p.journal.Layout > layout {
		return nil, fmt.Errorf("the snapshots in %s are of layout %d, and this comptoir knows layouts up to %d: install a newer comptoir, or name another place", o.Place, p.journal.Layout, layout)
	}
	p.kept = content
	p.journal = journal{Layout: layout, About: about, Retired: p.journal.Retired}
	if p.journal.Retired == nil {
		p.journal.Retired = map[string]time.Time{}
	}
	p.saw(names)
	return p, p.keepJournal(ctx)
}

func (p *Publisher) saw(names []string) {
	p.present, p.listed = map[string]bool{}, p.o.Now()
	for _, name := range names {
		if lasting(name) {
			p.present[name] = true
		}
	}
}

// keepJournal writes the journal where it has changed.
func (p *Publisher) keepJournal(ctx context.Context) error {
	content, err := json.Marshal(p.journal)
	if err != nil {
		return err
	}
	if content = append(content, '\n'); string(content) == string(p.kept) {
		return nil
	}
	if err := p.o.Place.Put(ctx, File{journalName, content}); err != nil {
		return err
	}
	p.kept = content
	return nil
}

// Publish publishes the state as it is now, and returns what that did. An index
// of a newer version, or of another shop, is left as it is, and so is the index where
// an error is returned.
func (p *Publisher) Publish(ctx context.Context) (r Result, err error) {
	started := time.Now()
	defer func() { r.Took = time.Since(started) }()
	if p.o.Now().Sub(p.listed) > relist {
		names, err := p.o.Place.List(ctx)
		if err != nil {
			return r, err
		}
		p.saw(names)
		p.last = nil // what it names may be gone
	}
	before, tag, err := p.index(ctx)
	if err != nil {
		return r, err
	}
	next, err := p.next(ctx, before, &r)
	if err != nil {
		return r, err
	}
	if p.o.Page != nil {
		if err := p.putPage(ctx, &r); err != nil {
			return r, err
		}
	}
	p.use(before, next.Files)
	if err := p.keepJournal(ctx); err != nil {
		return r, err
	}
	if err := p.swap(ctx, next, tag); err != nil {
		return r, err
	}
	p.last = next
	if p.o.Page != nil {
		if err := p.openPage(ctx); err != nil {
			return r, err
		}
	}
	r.Removed, err = p.sweep(ctx, next.Files)
	return r, err
}

// next puts the files that the next index names, and returns it. Where the state
// has not changed since the last one, only its status is new.
func (p *Publisher) next(ctx context.Context, before *Index, r *Result) (*Index, error) {
	status, err := p.o.Service.Status(ctx)
	if err != nil {
		return nil, reason(err)
	}
	next := &Index{Every: seconds(p.o.Every)}
	if p.unchanged(before, &status) {
		next.Files, next.Buckets = p.last.Files, p.last.Buckets
		r.Unchanged = len(next.Files)
	} else {
		snapshot, err := p.o.Service.Snapshot(ctx)
		if err != nil {
			return nil, reason(err)
		}
		status = snapshot.Status
		if err := p.mayFollow(before, &status); err != nil {
			return nil, err
		}
		next.Buckets = buckets(len(snapshot.ProductIDs()))
		if next.Files, err = p.put(ctx, snapshot, r); err != nil {
			return nil, err
		}
	}
	r.Version = status.Version
	next.Version, next.Status, next.PublishedAt = status.Version, status, p.o.Now().UTC().Truncate(time.Millisecond)
	return next, nil
}

// unchanged tells whether the place stands as this publisher left it, and the
// state too, but for its status.
func (p *Publisher) unchanged(before *Index, status *query.Status) bool {
	return p.last != nil && before != nil && sameState(&p.last.Status, status) &&
		before.PublishedAt.Equal(p.last.PublishedAt) && before.Version == p.last.Version
}

// sameState tells whether two statuses are of the same figures.
func sameState(a, b *query.Status) bool {
	return a.Version == b.Version && a.Ledger == b.Ledger && slices.EqualFunc(a.Functions, b.Functions, func(x, y query.FunctionStatus) bool {
		return x.Name == y.Name && x.Computed == y.Computed && (x.RulesVersion == nil) == (y.RulesVersion == nil) &&
			(x.RulesVersion == nil || *x.RulesVersion == *y.RulesVersion)
	})
}

// reason is what went wrong behind an answer for those who cannot see a log.
func reason(err error) error {
	if p := (*query.Problem)(nil); errors.As(err, &p) && p.Unwrap() != nil {
		return p.Unwrap()
	}
	return err
}

func seconds(d time.Duration) *int {
	if d <= 0 {
		return nil
	}
	n := int((d + time.Second - 1) / time.Second)
	return &n
}

// index reads the index that stands in the place; nil where there is none.
func (p *Publisher) index(ctx context.Context) (*Index, string, error) {
	content, tag, err := p.o.Place.Get(ctx, indexName)
	if errors.Is(err, errAbsent) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	i := new(Index)
	return i, tag, decode(p.o.Place, indexName, content, i)
}

// mayFollow refuses to go back to an older version, or to another shop.
func (p *Publisher) mayFollow(before *Index, status *query.Status) error {
	switch {
	case before == nil:
		return nil
	case before.Status.Ledger != "" && status.Ledger != "" && before.Status.Ledger != status.Ledger:
		return fmt.Errorf("%s holds the snapshots of another ledger (%s, and this one is %s): name another place", p.o.Place, before.Status.Ledger, status.Ledger)
	case status.Version < before.Version:
		return fmt.Errorf("%s holds snapshots of version %s, and the state is at %s, which is older: let the functions catch up; after restoring a backup of the state for good, empty the place", p.o.Place, before.Version, status.Version)
	}
	return nil
}

// uploads is how many files are put side by side.
const uploads = 8

// put puts the files of a snapshot that are not there yet, and returns all of
// their names.
func (p *Publisher) put(ctx context.Context, n *query.Snapshot, r *Result) (map[string]string, error) {
	files := map[string]string{}
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(uploads)
	err := answers(gctx, n, p.o.Names, func(what string, content []byte) error {
		name := nameOf(content)
		files[what] = name
		mu.Lock()
		there := p.present[name]
		mu.Unlock()
		if there {
			r.Unchanged++
			return gctx.Err()
		}
		r.Written++
		r.Bytes += int64(len(content))
		g.Go(func() error {
			if err := p.o.Place.Put(gctx, File{name, content}); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			p.present[name] = true
			return nil
		})
		return gctx.Err()
	})
	if failed := g.Wait(); failed != nil {
		return nil, failed // it is why the others were given up
	}
	return files, err
}

func (p *Publisher) swap(ctx context.Context, next *Index, tag string) error {
	content, err := json.Marshal(next)
	if err != nil {
		return err
	}
	err = p.o.Place.Swap(ctx, File{indexName, append(content, '\n')}, tag)
	if errors.Is(err, errChanged) {
		return fmt.Errorf("replacing %s in %s: another `comptoir publish` has replaced it meanwhile: let only one publish to a place", indexName, p.o.Place)
	}
	return err
}

// use notes that files are in use, before they are: whatever was noted of them
// earlier must not shorten their time when no index names them any more.
func (p *Publisher) use(before *Index, files map[string]string) {
	for _, name := range files {
		delete(p.journal.Retired, name)
	}
	if before != nil {
		for _, name := range before.Files {
			delete(p.journal.Retired, name)
		}
	}
}

func set(files map[string]string) map[string]bool {
	s := map[string]bool{}
	for _, name := range files {
		s[name] = true
	}
	return s
}
