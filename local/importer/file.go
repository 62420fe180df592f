package importer

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/gzip"
)

// File is one file to import.
type File struct {
	// Name is what the user calls it; every message names the file so.
	Name string
	// Open opens it from its beginning. It is called more than once: an import
	// reads everything before it records anything.
	Open func() (io.ReadCloser, error)
}

// Path is the file at a path.
func Path(path string) File {
	return File{Name: path, Open: func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err == nil && info.IsDir() {
			err = errDirectory
		}
		if err != nil {
			return nil, cmp.Or(err, f.Close())
		}
		return f, nil
	}}
}

// Paths is the files at several paths.
func Paths(paths ...string) []File {
	files := make([]File, len(paths))
	for i, p := range paths {
		files[i] = Path(p)
	}
	return files
}

var (
	errDirectory = errors.New("is a directory")
	errTooLong   = errors.New("a row is longer than a mebibyte")
)

const (
	bufferSize = 64 << 10
	// rowLimit bounds what one row may take, so that a quotation mark that is
	// never closed does not read a whole file into memory.
	rowLimit = 1 << 20
)

// input is an open file: unpacked where it is compressed, without its byte
// order mark.
type input struct {
	*bufio.Reader
	budget  *budget
	closers []io.Closer
}

// budget refuses to read more than is left; its owner refills it for each row.
type budget struct {
	from io.Reader
	left int
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *budget) refill() { b.left = rowLimit }

func (in *input) Close() error {
	var errs []error
	for _, c := range in.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// open opens a file. Whether it is compressed is told by its first bytes, not by its name.
func open(f File) (*input, error) {
	raw, err := f.Open()
	if err != nil {
		return nil, openFault(f.Name, err)
	}
	in := &input{closers: []io.Closer{raw}}
	packed := bufio.NewReaderSize(raw, bufferSize)
	var content io.Reader = packed
	if magic, err := packed.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(packed)
		if err != nil {
			return nil, cmp.Or(readFault(f.Name, 0, err), in.Close())
		}
		content = z
		in.closers = []io.Closer{z, raw}
	}
	in.budget = &budget{from: content, left: rowLimit}
	in.Reader = bufio.NewReaderSize(in.budget, bufferSize)
	start, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, cmp.Or(readFault(f.Name, 0, err), in.Close())
	}
	switch {
	case len(start) == 0:
		err = fmt.Errorf("reading %s: the file is empty: save or export it again", f.Name)
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}), bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		err = fmt.Errorf("reading %s: it is encoded as UTF-16, not UTF-8: save it as CSV UTF-8", f.Name)
	default:
		if bytes.HasPrefix(start, []byte{0xef, 0xbb, 0xbf}) {
			_, err = in.Discard(3)
		} else {
			err = nil
		}
	}
	if err != nil {
		return nil, cmp.Or(err, in.Close())
	}
	return in, nil
}

func openFault(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("opening %s: there is no such file: check its name and folder: %w", name, err)
	case errors.Is(err, errDirectory):
		return fmt.Errorf("opening %s: it is a directory: name the files in it one by one", name)
	}
	return fmt.Errorf("opening %s: check that you may read it: %w", name, err)
}

// readFault says in a sentence why a file could not be read on after a row.
func readFault(name string, row int, err error) error {
	where := "reading " + name
	if row > 0 {
		where = fmt.Sprintf("reading %s after row %d", name, row)
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the compressed file ends early, so it was not copied or fetched as a whole: fetch it again: %w", where, err)
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("%s: the compressed file is damaged: fetch it again: %w", where, err)
	case errors.Is(err, errTooLong):
		return fmt.Errorf("%s: the next row is longer than a mebibyte; a quotation mark there is probably never closed: repair the row: %w", where, err)
	}
	return fmt.Errorf("%s: the file cannot be read: check the disk and try again: %w", where, err)
}
