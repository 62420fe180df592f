package publish

import (
	"context"
	"errors"
	"mime"
	"path"
)

// File is one file of a place. Names have slashes, none at the beginning.
type File struct {
	Name    string
	Content []byte
}

// Place is where snapshots are put: a folder, or a prefix in a bucket. What Put
// returned for is whole and stays; a reader sees all of a file or none of it.
type Place interface {
	Source
	Target
	// String names the place as the user did.
	String() string
}

// Source is the reading half of a Place.
type Source interface {
	// Get returns a file's content as it was put, and a tag that changes whenever
	// the file does. A file that is not there is errAbsent.
	Get(ctx context.Context, name string) (content []byte, tag string, err error)
	// List returns the names of all files that are whole.
	List(ctx context.Context) ([]string, error)
}

// Target is the writing half of a Place.
type Target interface {
	// Put writes a file, or replaces it. It may be called side by side.
	Put(ctx context.Context, f File) error
	// Swap replaces a file that had this tag when it was read, "" where it was not
	// there; where somebody else has put another one since, it is errChanged.
	Swap(ctx context.Context, f File, tag string) error
	// Remove removes files; those that are not there are none to mind.
	Remove(ctx context.Context, names []string) error
}

var (
	errAbsent  = errors.New("there is no such file")
	errChanged = errors.New("somebody else has changed it")
)

// contentType is a file's media type, by its name.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(ext)
	}
}

// cacheControl is how long a reader may keep a file: for ever where another
// content would have another name, until it is asked for again otherwise.
func cacheControl(name string) string {
	if lasting(name) {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}
