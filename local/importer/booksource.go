package importer

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"comptoir/local/workbook"
)

// openFile is a file of an import. A workbook stays open for as long as the
// import lasts; CSV is opened for each reading.
type openFile struct {
	File
	book    *workbook.Book // nil of CSV
	sha256  string         // of its bytes, hexadecimal
	bytes   int64
	closers []io.Closer
}

// uploadLimit bounds a workbook that does not come as a file of the disk.
const uploadLimit = 1 << 30

// openOne tells what a file is by its first bytes, and opens it where it is a workbook.
func openOne(f File) (*openFile, error) {
	raw, err := f.Open()
	if err != nil {
		return nil, openFault(f.Name, err)
	}
	o := &openFile{File: f}
	var head [4]byte
	n, err := io.ReadFull(raw, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, cmp.Or(readFault(f.Name, 0, err), raw.Close())
	}
	if start := string(head[:n]); start != "PK\x03\x04" && start != "\xd0\xcf\x11\xe0" {
		if err = o.identify(io.MultiReader(bytes.NewReader(head[:n]), raw)); err != nil {
			return nil, cmp.Or(err, raw.Close())
		}
		return o, raw.Close()
	}
	o.closers = append(o.closers, raw)
	if err := o.openBook(raw, head[:n]); err != nil {
		return nil, cmp.Or(err, o.Close())
	}
	return o, nil
}

// openBook opens a workbook whose head was read already.
func (o *openFile) openBook(raw io.Reader, head []byte) error {
	file, size, err := seekable(raw)
	if err != nil {
		return readFault(o.Name, 0, err)
	}
	if file == nil { // from an archive or a connection
		kept, err := os.CreateTemp("", "comptoir-import-")
		if err != nil {
			return fmt.Errorf("reading %s: making a place for it: %w", o.Name, err)
		}
		o.closers = append(o.closers, removed{kept})
		if _, err = kept.Write(head); err == nil {
			size, err = io.Copy(kept, io.LimitReader(raw, uploadLimit+1))
		}
		if err != nil {
			return fmt.Errorf("reading %s: keeping it while it is read: %w", o.Name, err)
		}
		if size += int64(len(head)); size > uploadLimit {
			return fmt.Errorf("reading %s: it has more than %d MiB: divide it", o.Name, uploadLimit>>20)
		}
		file = kept
	}
	if err := o.identify(io.NewSectionReader(file, 0, size)); err != nil {
		return err
	}
	o.book, err = workbook.Open(file, size, workbook.Limits{})
	return o.bookFault(err)
}

// identify works out what the file is known by in the history of imports.
func (o *openFile) identify(all io.Reader) error {
	sum := sha256.New()
	n, err := io.Copy(sum, all)
	if err != nil {
		return readFault(o.Name, 0, err)
	}
	o.sha256, o.bytes = hex.EncodeToString(sum.Sum(nil)), n
	return nil
}

// seekable returns what of a reader can be read anywhere, and its size; nil where it cannot.
func seekable(r io.Reader) (io.ReaderAt, int64, error) {
	file, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil, 0, nil
	}
	size, err := file.Seek(0, io.SeekEnd)
	return file, size, err
}

// removed is a temporary file that goes when it is closed.
type removed struct{ *os.File }

func (r removed) Close() error { return errors.Join(r.File.Close(), os.Remove(r.Name())) }

func (o *openFile) Close() error {
	var errs []error
	for i := len(o.closers) - 1; i >= 0; i-- {
		errs = append(errs, o.closers[i].Close())
	}
	o.closers = nil
	return errors.Join(errs...)
}

// bookFault says in a sentence why a workbook cannot be read.
func (o *openFile) bookFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, workbook.ErrOld):
		return fmt.Errorf("reading %s: it is a workbook of Excel 97 to 2003 (.xls), or has a password: save it as .xlsx without one", o.Name)
	case errors.Is(err, workbook.ErrLimit):
		return fmt.Errorf("reading %s: %w: divide it, or check where it comes from", o.Name, err)
	case errors.Is(err, workbook.ErrFormat):
		return fmt.Errorf("reading %s: %w: open it in Excel or LibreOffice and save it again as .xlsx", o.Name, err)
	}
	return readFault(o.Name, 0, err)
}

// sheets are the tables that a file may hold: its sheets, or itself.
func (o *openFile) sheets() []workbook.Sheet {
	if o.book == nil {
		return []workbook.Sheet{{}}
	}
	return o.book.Sheets()
}

// rows opens a table of the file.
func (o *openFile) rows(p profile, sheet workbook.Sheet) (source, error) {
	if o.book == nil {
		return openCSV(o.File, !p.exact)
	}
	rows, err := o.book.Rows(sheet)
	if err != nil {
		return nil, o.bookFault(err)
	}
	return &sheetSource{file: o, rows: rows}, nil
}

// sheetSource reads the rows of a sheet. The header is its first row with
// anything in it.
type sheetSource struct {
	file   *openFile
	rows   *workbook.Rows
	header []bool // which columns have one
	fields []string
	kinds  []workbook.Kind
}

func (s *sheetSource) Close() error { return s.rows.Close() }

func (s *sheetSource) next() (record, error) {
	r, err := s.rows.Next()
	if errors.Is(err, io.EOF) {
		return record{}, io.EOF
	}
	if err != nil {
		return record{}, s.file.bookFault(err)
	}
	if s.header == nil {
		width := r.Cells[len(r.Cells)-1].Column + 1
		s.header, s.fields, s.kinds = make([]bool, width), make([]string, width), make([]workbook.Kind, width)
		for _, c := range r.Cells {
			s.header[c.Column] = true
		}
	}
	clear(s.fields)
	clear(s.kinds)
	rec := record{number: r.Number, fields: s.fields, kinds: s.kinds}
	for _, c := range r.Cells {
		if c.Column < len(s.header) && s.header[c.Column] {
			s.fields[c.Column], s.kinds[c.Column] = c.Text, c.Kind
		} else if rec.beyond == "" {
			rec.beyond = workbook.Name(c.Column, r.Number)
		}
	}
	return rec, nil
}
