package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"comptoir/test/objectstore"
)

// places runs a suite on a folder and on a bucket of a real store. open gives the
// same place anew each time, as another process would find it.
func places(t *testing.T, suite func(t *testing.T, open func() Place)) {
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		root := filepath.Join(t.TempDir(), "a", "shop")
		var had *Dir
		suite(t, func() Place {
			if had != nil {
				if err := had.Close(); err != nil {
					t.Fatal(err)
				}
			}
			d, err := OpenDir(root)
			if err != nil {
				t.Fatal(err)
			}
			had = d
			return d
		})
	})
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		store := objectstore.Start(t)
		store.Bucket(t, "shop")
		suite(t, func() Place {
			b, err := OpenBucket("s3://shop/some/figures", getenv(store))
			if err != nil {
				t.Fatal(err)
			}
			return b
		})
	})
}

func getenv(s *objectstore.Store) func(string) string {
	env := s.Environment()
	return func(name string) string { return env[name] }
}

const someName = "0123456789abcdef0123456789abcdef.json"

func TestPlacesKeepTheirPromises(t *testing.T) {
	places(t, func(t *testing.T, open func() Place) {
		ctx := context.Background()
		p := open()
		if names, err := p.List(ctx); err != nil || len(names) > 0 {
			t.Fatalf("a new place holds %v: %v", names, err)
		}
		if _, _, err := p.Get(ctx, indexName); !errors.Is(err, errAbsent) {
			t.Errorf("a file that is not there: %v", err)
		}
		// Side by side, nested, empty, large, and whatever its bytes.
		contents := map[string][]byte{
			someName: []byte(`{"a":1}`), "assets/main-AB12.js": []byte("let a"), journalName: {},
			strings.Repeat("f", 32) + ".json": bytes.Repeat([]byte("0123456789"), 3<<20), "assets/x.svg": {0, 255, 10, 13},
		}
		var wg sync.WaitGroup
		for name, content := range contents {
			wg.Go(func() {
				if err := p.Put(ctx, File{name, content}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		p = open()
		want := make([]string, 0, len(contents))
		for name, content := range contents {
			want = append(want, name)
			got, tag, err := p.Get(ctx, name)
			if err != nil || !bytes.Equal(got, content) || tag == "" {
				t.Errorf("%s: %d bytes, tag %q: %v", name, len(got), tag, err)
			}
		}
		names, err := p.List(ctx)
		slices.Sort(names)
		slices.Sort(want)
		if err != nil || !slices.Equal(names, want) {
			t.Errorf("listed %v, want %v: %v", names, want, err)
		}
		testSwap(t, p)
		if err := p.Remove(ctx, []string{someName, "assets/x.svg", "assets/never-there.js"}); err != nil {
			t.Error(err)
		}
		left, err := open().List(ctx)
		if err != nil || len(left) != len(want)-1 || slices.Contains(left, someName) { // and index.json
			t.Errorf("after removing: %v %v", left, err)
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := p.Put(cancelled, File{someName, nil}); !errors.Is(err, context.Canceled) {
			t.Errorf("of a caller who left: %v", err)
		}
	})
}

func testSwap(t *testing.T, p Place) {
	t.Helper()
	ctx := context.Background()
	var tag string
	for i := range 3 {
		content := fmt.Appendf(nil, "index %d", i)
		if err := p.Swap(ctx, File{indexName, content}, tag); err != nil {
			t.Fatal(err)
		}
		// Whoever has seen an earlier one, or none, has lost the race.
		for _, other := range []string{tag, "0123456789abcdef0123456789abcdef"} {
			if err := p.Swap(ctx, File{indexName, []byte("another")}, other); !errors.Is(err, errChanged) {
				t.Errorf("swapping what was changed: %v", err)
			}
		}
		got, next, err := p.Get(ctx, indexName)
		if err != nil || !bytes.Equal(got, content) || next == tag {
			t.Fatalf("%q, tag %q then %q: %v", got, tag, next, err)
		}
		tag = next
	}
}
