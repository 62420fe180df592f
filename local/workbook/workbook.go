// Package workbook reads the sheets of an Excel workbook (.xlsx) a row at a
// time, with what each cell is: text, number, percentage, date. It stands beside
// excelize, which writes: excelize's iterator gives a cell's text without its
// type and format, so that the text 1.234 and the number 1.234 are one, and it
// takes a sheet that breaks off for a shorter one.
//
// The format is ECMA-376 Part 1 (SpreadsheetML) in the packaging of Part 2.
package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/zip"
)

// Limits bound what a workbook may take, so that a small file which unpacks to
// something huge is refused. A limit of 0 is the default.
type Limits struct {
	Unpacked int64 // bytes of a sheet or another part, unpacked: 2 GiB
	Rows     int   // of a sheet: 1,048,576, which is Excel's own
	Cells    int   // of a sheet: 50 million
	Texts    int64 // bytes of all shared texts: 256 MiB
}

func (l Limits) orDefaults() Limits {
	if l.Unpacked == 0 {
		l.Unpacked = 2 << 30
	}
	if l.Rows == 0 {
		l.Rows = mostRows
	}
	if l.Cells == 0 {
		l.Cells = 50_000_000
	}
	if l.Texts == 0 {
		l.Texts = 256 << 20
	}
	return l
}

const (
	// mostRows and mostColumns are Excel's own.
	mostRows    = 1 << 20
	mostColumns = 1 << 14
	// mostParts bounds the directory of the package.
	mostParts = 10_000
	// tokenLimit bounds one element's text or attributes. Excel's cells have at
	// most 32,767 characters.
	tokenLimit = 1 << 20
)

// ErrLimit says that a workbook is larger than its Limits.
var ErrLimit = errors.New("the workbook is larger than is read")

// ErrFormat says that a file is no workbook, or a damaged one.
var ErrFormat = errors.New("the file is not a workbook in order")

// ErrOld says that a file is a workbook of Excel 97 to 2003, or one with a password.
var ErrOld = errors.New("the file is a workbook of the old format, or has a password")

// Book is an open workbook. It is used by one goroutine at a time.
type Book struct {
	limits   Limits
	parts    map[string]*zip.File
	sheets   []Sheet
	texts    []string // shared
	kinds    []Kind   // of numbers, by style
	from1904 bool
}

// Sheet is a worksheet by its name, in the order of the tabs.
type Sheet struct {
	Name string
	part string
}

// Sheets lists the worksheets.
func (b *Book) Sheets() []Sheet { return b.sheets }

// Open reads all of a workbook but its sheets. r has to stay open while rows are read.
func Open(r io.ReaderAt, size int64, l Limits) (*Book, error) {
	var head [8]byte
	// [MS-CFB] 2.2: what holds the old format, and what is encrypted.
	if n, _ := r.ReadAt(head[:], 0); n == 8 && string(head[:]) == "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" {
		return nil, ErrOld
	}
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	b := &Book{limits: l.orDefaults(), parts: map[string]*zip.File{}}
	if len(archive.File) > mostParts {
		return nil, fmt.Errorf("%w: it has %d parts, at most %d are read", ErrLimit, len(archive.File), mostParts)
	}
	for _, f := range archive.File {
		// Part names are compared without regard to case (ECMA-376 Part 2, 6.2.2.3).
		b.parts[strings.ToLower(strings.TrimPrefix(f.Name, "/"))] = f
	}
	if err := b.readBook(); err != nil {
		return nil, err
	}
	return b, nil
}

// readBook reads workbook, relationships, styles and shared texts.
func (b *Book) readBook() error {
	root, err := b.relations("_rels/.rels", "")
	if err != nil {
		return err
	}
	main := root.first("/officedocument", "xl/workbook.xml")
	relations, err := b.relations(path.Join(path.Dir(main), "_rels", path.Base(main)+".rels"), path.Dir(main))
	if err != nil {
		return err
	}
	p, err := b.part(main)
	if err != nil {
		return err
	}
	defer p.close()
	err = p.elements(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			b.from1904 = truth(attr(e, "date1904"))
		case "sheet":
			if part, ok := relations.byID[attr(e, "id")]; ok && strings.HasSuffix(relations.kinds[attr(e, "id")], "/worksheet") {
				b.sheets = append(b.sheets, Sheet{Name: attr(e, "name"), part: part})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(b.sheets) == 0 {
		return fmt.Errorf("%w: it has no worksheet", ErrFormat)
	}
	if err := b.readStyles(relations.first("/styles", "")); err != nil {
		return err
	}
	return b.readTexts(relations.first("/sharedstrings", ""))
}

// relations are the targets that a part names (ECMA-376 Part 2, 6.5).
type relations struct {
	byID, kinds map[string]string
	order       []string
}

func (r relations) first(kind, otherwise string) string {
	for _, id := range r.order {
		if strings.HasSuffix(strings.ToLower(r.kinds[id]), kind) {
			return r.byID[id]
		}
	}
	return otherwise
}

func (b *Book) relations(name, folder string) (relations, error) {
	found := relations{byID: map[string]string{}, kinds: map[string]string{}}
	p, err := b.part(name)
	if err != nil {
		return found, err
	}
	defer p.close()
	return found, p.elements(func(e xml.StartElement) error {
		if e.Name.Local != "Relationship" || strings.EqualFold(attr(e, "TargetMode"), "External") {
			return nil
		}
		id, target := attr(e, "Id"), attr(e, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(folder, target)
		}
		found.byID[id], found.kinds[id] = strings.TrimPrefix(target, "/"), attr(e, "Type")
		found.order = append(found.order, id)
		return nil
	})
}

// attr is an attribute by its name without prefix; "" where it is absent.
func attr(e xml.StartElement, name string) string {
	for i := range e.Attr {
		if e.Attr[i].Name.Local == name {
			return e.Attr[i].Value
		}
	}
	return ""
}

func truth(s string) bool { return s == "1" || s == "true" || s == "on" }
