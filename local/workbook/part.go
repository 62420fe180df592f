package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// part is a part of the package that is being read: XML, in UTF-8.
type part struct {
	book    *Book
	name    string
	file    io.ReadCloser
	decoder *xml.Decoder
	depth   int
	left    int64 // bytes that may still be unpacked
	token   int64 // bytes that the token at hand may still take
}

func (b *Book) part(name string) (*part, error) {
	f, ok := b.parts[strings.ToLower(name)]
	if !ok {
		return nil, fmt.Errorf("%w: it has no part %s", ErrFormat, name)
	}
	file, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, name, err)
	}
	p := &part{book: b, name: name, file: file, left: b.limits.Unpacked}
	p.decoder = xml.NewDecoder(budget{p})
	return p, nil
}

func (p *part) close() { _ = p.file.Close() } // it was only read

// budget reads a part as far as the limits allow.
type budget struct{ *part }

var errToken = errors.New("one value is larger than a mebibyte")

func (b budget) Read(to []byte) (int, error) {
	switch {
	case b.left <= 0:
		return 0, fmt.Errorf("%w: unpacked it has more than %d bytes", ErrLimit, b.book.limits.Unpacked)
	case b.token <= 0:
		return 0, fmt.Errorf("%w: %w", ErrLimit, errToken)
	}
	n, err := b.file.Read(to[:min(int64(len(to)), b.left, b.token)])
	b.left -= int64(n)
	b.token -= int64(n)
	return n, err
}

// next returns the next token, io.EOF after the end of the last element.
// Elements must be closed as they were opened only in number: what is read is
// held against its schema by whoever reads it.
func (p *part) next() (xml.Token, error) {
	p.token = tokenLimit
	t, err := p.decoder.RawToken()
	switch t.(type) {
	case xml.StartElement:
		p.depth++
	case xml.EndElement:
		p.depth--
	}
	switch {
	case errors.Is(err, io.EOF) && p.depth == 0:
		return nil, io.EOF
	case errors.Is(err, ErrLimit):
		return nil, fmt.Errorf("%s: %w", p.name, err)
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: %s breaks off", ErrFormat, p.name)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrFormat, p.name, err)
	case p.depth < 0 || p.depth > 100:
		return nil, fmt.Errorf("%w: %s: its elements are not nested as they should be", ErrFormat, p.name)
	}
	return t, nil
}

// elements calls f for the beginning of every element.
func (p *part) elements(f func(xml.StartElement) error) error {
	for {
		t, err := p.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			if err := f(e); err != nil {
				return err
			}
		}
	}
}

// text reads what stands in an element whose beginning has been read, up to
// its end, less what stands in elements called without.
func (p *part) text(to *strings.Builder, without string) error {
	skipped := 0
	for depth := p.depth; ; {
		t, err := p.next()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: %s breaks off", ErrFormat, p.name)
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if skipped > 0 || t.Name.Local == without {
				skipped++
			}
		case xml.EndElement:
			if p.depth < depth {
				return nil
			}
			if skipped > 0 {
				skipped--
			}
		case xml.CharData:
			if skipped == 0 {
				to.Write(t)
			}
			if to.Len() > tokenLimit {
				return fmt.Errorf("%s: %w: %w", p.name, ErrLimit, errToken)
			}
		}
	}
}
