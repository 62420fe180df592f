package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// config is the page's config.json beside snapshots.
const config = `{"source":"snapshots","url":"."}` + "\n"

// pageAssets are the names of the page's lasting files; none without a page.
func (p *Publisher) pageAssets() (map[string]bool, error) {
	names := map[string]bool{}
	if p.o.Page == nil {
		return names, nil
	}
	err := fs.WalkDir(p.o.Page, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasPrefix(name, assets) {
			names[name] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	return names, nil
}

// putPage puts what the page needs, and leaves a config.json that somebody wrote.
func (p *Publisher) putPage(ctx context.Context, r *Result) error {
	names, err := p.pageAssets()
	if err != nil {
		return err
	}
	for name := range names {
		delete(p.journal.Retired, name)
		if p.present[name] {
			continue
		}
		if err := p.putOfPage(ctx, name); err != nil {
			return err
		}
		p.present[name] = true
	}
	there, tag, err := p.o.Place.Get(ctx, configName)
	switch {
	case err != nil && !errors.Is(err, errAbsent):
		return err
	case string(there) == config:
		return nil
	case err == nil:
		built, err := fs.ReadFile(p.o.Page, configName)
		if err != nil {
			return fmt.Errorf("reading the page: %w", err)
		}
		if !bytes.Equal(there, built) { // not as the page is built, which is for the query API
			r.ConfigKept = true
			return nil
		}
	}
	return p.o.Place.Swap(ctx, File{configName, []byte(config)}, tag)
}

// openPage puts index.html, once what it shows is there.
func (p *Publisher) openPage(ctx context.Context) error {
	built, err := fs.ReadFile(p.o.Page, pageName)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	there, _, err := p.o.Place.Get(ctx, pageName)
	if err == nil && bytes.Equal(there, built) || err != nil && !errors.Is(err, errAbsent) {
		return err
	}
	return p.o.Place.Put(ctx, File{pageName, built})
}

func (p *Publisher) putOfPage(ctx context.Context, name string) error {
	content, err := fs.ReadFile(p.o.Page, name)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	return p.o.Place.Put(ctx, File{name, content})
}
