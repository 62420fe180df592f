package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// Dir is a folder as a place. Files that last are there twice, the second one
// compressed with .gz behind its name, as static file servers look for it. What is
// replaced has no second one: two files cannot be replaced at once.
type Dir struct {
	named, root string
	lock        *flock.Flock
}

const (
	lockName = ".publish.lock"
	unready  = ".publish-" // begins the names of files that are being written
	packed   = ".gz"
)

// OpenDir opens a folder for one publisher, and makes it where it is not there.
// Close lets others in.
func OpenDir(name string) (_ *Dir, err error) {
	root, err := filepath.Abs(name)
	if err == nil {
		// Others are to read it: whoever serves it is another user as a rule.
		err = os.MkdirAll(root, 0o755) //nolint:gosec // as said
	}
	if err != nil {
		return nil, fmt.Errorf("opening the folder %s to publish to: %w; name one that you may write to", name, err)
	}
	d := &Dir{named: name, root: root}
	foreign, err := d.foreign()
	if err != nil {
		return nil, err
	}
	if foreign != "" {
		return nil, fmt.Errorf("%s is no place of snapshots and is not empty (it holds %s): name an empty folder or a new one", name, foreign)
	}
	d.lock = flock.New(d.file(lockName))
	mine, err := d.lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("locking the folder %s: %w; name one that you may write to", name, err)
	case !mine:
		return nil, fmt.Errorf("another `comptoir publish` is at work on %s: let it end, or name another folder", name)
	}
	return d, d.tidy()
}

// foreign returns the name of something in a folder that no publisher has begun.
func (d *Dir) foreign() (string, error) {
	entries, err := os.ReadDir(d.root)
	if err != nil {
		return "", fmt.Errorf("reading the folder %s: %w; name one that you may use", d.named, err)
	}
	first := ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == journalName, name == lockName:
			return "", nil
		case first == "":
			first = name
		}
	}
	return first, nil
}

// tidy removes what a publisher was writing that was killed.
func (d *Dir) tidy() error {
	return d.walk(func(name string) error {
		if strings.HasPrefix(path.Base(name), unready) {
			return os.Remove(d.file(name))
		}
		return nil
	})
}

// Close lets other publishers in.
func (d *Dir) Close() error { return d.lock.Unlock() }

func (d *Dir) String() string { return d.named }

func (d *Dir) file(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// Get reads a file.
func (d *Dir) Get(_ context.Context, name string) ([]byte, string, error) {
	content, err := os.ReadFile(d.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", errAbsent
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading from the folder %s: %w", d.named, err)
	}
	sum := sha256.Sum256(content)
	return content, hex.EncodeToString(sum[:]), nil
}

// List returns the names of the files, of those that last where both are there.
func (d *Dir) List(context.Context) ([]string, error) {
	var names []string
	both := map[string]int{}
	err := d.walk(func(name string) error {
		base := strings.TrimSuffix(name, packed)
		switch {
		case strings.HasPrefix(path.Base(name), "."):
		case !lasting(base):
			names = append(names, name)
		default:
			if both[base]++; both[base] == 2 {
				names = append(names, base)
			}
		}
		return nil
	})
	return names, err
}

func (d *Dir) walk(each func(name string) error) error {
	err := filepath.WalkDir(d.root, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(d.root, file)
		if err != nil {
			return err
		}
		return each(filepath.ToSlash(name))
	})
	if err != nil {
		return fmt.Errorf("reading the folder %s: %w", d.named, err)
	}
	return nil
}

// Put writes a file.
func (d *Dir) Put(ctx context.Context, f File) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if lasting(f.Name) {
		small, err := pack(f.Content)
		if err != nil {
			return fmt.Errorf("compressing %s: %w", f.Name, err)
		}
		if err := d.write(f.Name+packed, small); err != nil {
			return err
		}
	}
	return d.write(f.Name, f.Content)
}

// Swap replaces a file. The folder is locked, so only a person can have changed it.
func (d *Dir) Swap(ctx context.Context, f File, tag string) error {
	now, nowTag, err := d.Get(ctx, f.Name)
	if err != nil && !errors.Is(err, errAbsent) {
		return err
	}
	if nowTag != tag {
		return errChanged
	}
	if err == nil && bytes.Equal(now, f.Content) {
		return nil
	}
	// What the file names has to be on the disk before it, whenever the power fails.
	if err := syncFolder(d.root); err != nil {
		return d.failed(f.Name, err)
	}
	return d.Put(ctx, f)
}

// Remove removes files, and their compressed ones.
func (d *Dir) Remove(_ context.Context, names []string) error {
	for _, name := range names {
		for _, file := range []string{name, name + packed} {
			if err := os.Remove(d.file(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing an old file from the folder %s: %w", d.named, err)
			}
		}
	}
	return nil
}

// write writes a file beside its place and moves it there.
func (d *Dir) write(name string, content []byte) error {
	to := d.file(name)
	err := os.MkdirAll(filepath.Dir(to), 0o755) //nolint:gosec // others are to read it
	if err != nil {
		return d.failed(name, err)
	}
	f, err := os.CreateTemp(filepath.Dir(to), unready+"*")
	if err != nil {
		return d.failed(name, err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what failed first is what counts
		return d.failed(name, err)
	}
	return nil
}

func (d *Dir) failed(name string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("writing %s to the folder %s: its disk is full: free some space and publish again; readers keep what was published before", name, d.named)
	}
	return fmt.Errorf("writing %s to the folder %s: %w; see that you may write there, and publish again", name, d.named, err)
}

// syncFolder sees to it that files that were moved into a folder are in it after
// a power failure. Windows does so by itself.
func syncFolder(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
