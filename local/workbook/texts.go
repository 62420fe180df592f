package workbook

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readTexts reads the shared texts (ECMA-376 Part 1, 18.4.9). Phonetic hints
// (rPh) are no part of a text.
func (b *Book) readTexts(name string) error {
	if name == "" {
		return nil
	}
	p, err := b.part(name)
	if err != nil {
		return err
	}
	defer p.close()
	var size int64
	var text strings.Builder
	return p.elements(func(e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		text.Reset()
		if err := p.richText(&text); err != nil {
			return err
		}
		one := unescape(text.String())
		b.texts = append(b.texts, one)
		if size += int64(len(one)) + 16; size > b.limits.Texts {
			return fmt.Errorf("%w: its texts have more than %d MiB", ErrLimit, b.limits.Texts>>20)
		}
		return nil
	})
}

// richText gathers the t elements of an si or is whose beginning has been read.
func (p *part) richText(to *strings.Builder) error {
	depth, hint := p.depth, 0
	for {
		t, err := p.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch {
			case hint > 0 || t.Name.Local == "rPh":
				hint++
			case t.Name.Local == "t":
				if err := p.text(to, ""); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if p.depth < depth {
				return nil
			}
			if hint > 0 {
				hint--
			}
		}
	}
}

// unescape reads the _xHHHH_ that stands for characters which XML cannot hold
// (ECMA-376 Part 1, 22.9.2.19).
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		if len(s)-i >= 7 && s[i] == '_' && s[i+1] == 'x' && s[i+6] == '_' {
			if v, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil && utf8.ValidRune(rune(v)) {
				out.WriteRune(rune(v))
				i += 7
				continue
			}
		}
		out.WriteByte(s[i])
		i++
	}
	return out.String()
}
