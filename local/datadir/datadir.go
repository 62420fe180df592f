// Package datadir knows the files of a data directory, keeps each part of
// Comptoir from running twice on one, and tells where the running parts are.
package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"comptoir/shared/config"
)

// Layout is the version of the directory's layout that this build knows. The
// databases inside carry schema versions of their own.
const Layout = 1

// Dir is an open data directory. It holds no handle: there is nothing to close.
type Dir struct{ path string }

// ErrAbsent says that there is no data directory at a path.
var ErrAbsent = errors.New("there is no data directory")

// Default returns the user's data directory: $XDG_DATA_HOME/comptoir, else
// ~/.local/share/comptoir.
func Default() (string, error) {
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "comptoir"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's data directory: %w; name one with --data DIR", err)
	}
	return filepath.Join(home, ".local", "share", "comptoir"), nil
}

// Open opens the data directory at path. One that is not there is created where
// create is set, and is ErrAbsent otherwise. A folder that holds other things,
// and a directory of a newer version, are refused and left as they are.
func Open(path string, create bool) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the data directory: %w", err)
	}
	d := &Dir{path: path}
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		return nil, fmt.Errorf("%w at %s: begin with `comptoir demo`, or `comptoir run` and `comptoir import`, or name another with --data DIR", ErrAbsent, path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("opening the data directory: %w; name a folder that you may use with --data DIR", err)
	}
	b, err := os.ReadFile(d.file("version"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d, d.begin(entries, create)
	case err != nil:
		return nil, fmt.Errorf("reading the version of the data directory: %w", err)
	}
	text := strings.TrimSpace(string(b))
	switch v, err := strconv.Atoi(text); {
	case err != nil || v < 1:
		return nil, fmt.Errorf("%s says %q, which is no version: put a backup of the data directory in its place", d.file("version"), text)
	case v > Layout:
		return nil, fmt.Errorf("the data directory %s is of version %d, and this comptoir knows versions up to %d: install a newer comptoir, or name another directory with --data DIR", path, v, Layout)
	}
	return d, nil
}

// begin makes a data directory of a folder that has no version file.
func (d *Dir) begin(entries []fs.DirEntry, create bool) error {
	for _, e := range entries {
		// What another process that begins at the same moment writes is none of somebody's.
		if e.Name() != config.FileName && e.Name() != "locks" && !strings.HasPrefix(e.Name(), ".version-") {
			return fmt.Errorf("%s is no data directory and is not empty (it holds %s): name an empty folder or a new one with --data DIR", d.path, e.Name())
		}
	}
	if !create {
		return fmt.Errorf("%w at %s: the folder is empty", ErrAbsent, d.path)
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("creating the data directory: %w; name a folder that you may write to with --data DIR", err)
	}
	return d.write("version", []byte(strconv.Itoa(Layout)+"\n"))
}

// Path returns the folder itself, absolute.
func (d *Dir) Path() string { return d.path }

// Ledger returns the path of the ledger's database.
func (d *Dir) Ledger() string { return d.file("ledger.db") }

// State returns the path of the embedded state's database.
func (d *Dir) State() string { return d.file("state.db") }

// Broker returns the folder of the embedded broker's log.
func (d *Dir) Broker() string { return d.file("broker") }

// Uploads returns the folder of what was brought to the accountant's app and is being
// imported. Nothing in it outlives the process.
func (d *Dir) Uploads() string { return d.file("uploads") }

// Password returns the path of what bcrypt made of the accountant's password.
func (d *Dir) Password() string { return d.file("accountant.password") }

// WritePassword replaces it.
func (d *Dir) WritePassword(b []byte) error { return d.write("accountant.password", b) }

// Settings returns the path of the settings that are kept with the directory.
func (d *Dir) Settings() string { return d.file(config.FileName) }

// Has tells whether a file of the directory is there.
func (d *Dir) Has(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// WriteSettings replaces the settings that are kept with the directory.
func (d *Dir) WriteSettings(b []byte) error { return d.write(config.FileName, b) }

func (d *Dir) file(name string) string { return filepath.Join(d.path, name) }

// write replaces a file as a whole: a reader sees the old or the new one.
func (d *Dir) write(name string, b []byte) error {
	f, err := os.CreateTemp(d.path, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w; %s", d.file(name), err, advice)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), d.file(name))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what failed first is what counts
		return fmt.Errorf("writing %s: %w; %s", d.file(name), err, advice)
	}
	return nil
}

// advice goes with a file that cannot be written.
const advice = "free some space on its disk, see that you may write to its folder, and do it again; nothing recorded is lost"
