package workbook

import (
	"encoding/xml"
	"strconv"

	"github.com/xuri/nfp"
)

// readStyles learns which styles show a number as a date or a percentage.
func (b *Book) readStyles(name string) error {
	if name == "" {
		return nil
	}
	p, err := b.part(name)
	if err != nil {
		return err
	}
	defer p.close()
	formats := map[int]Kind{}
	cells := 0 // how deep in cellXfs, which holds the formats of cells
	return p.elements(func(e xml.StartElement) error {
		if cells > 0 && p.depth <= cells {
			cells = 0
		}
		switch e.Name.Local {
		case "numFmt":
			if id, err := strconv.Atoi(attr(e, "numFmtId")); err == nil {
				formats[id] = kindOfFormat(attr(e, "formatCode"))
			}
		case "cellXfs":
			cells = p.depth
		case "xf":
			if cells == 0 {
				return nil
			}
			id, _ := strconv.Atoi(attr(e, "numFmtId")) // absent: 0, General
			kind, own := formats[id]
			if !own {
				kind = builtIn(id)
			}
			b.kinds = append(b.kinds, kind)
		}
		return nil
	})
}

// builtIn is the kind of the formats that every workbook has (ECMA-376 Part 1,
// 18.8.30). 27 to 36 and 50 to 58 are dates in East Asian locales.
func builtIn(id int) Kind {
	switch {
	case id == 9 || id == 10:
		return Percent
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 45 && id <= 47, id >= 50 && id <= 58:
		return Date
	}
	return Number
}

// kindOfFormat is the kind of a format code such as dd/mm/yyyy or 0.00%.
func kindOfFormat(code string) Kind {
	parser := nfp.NumberFormatParser()
	for _, section := range parser.Parse(code) {
		for _, token := range section.Items {
			switch token.TType {
			case nfp.TokenTypeDateTimes, nfp.TokenTypeElapsedDateTimes:
				return Date
			case nfp.TokenTypePercent:
				return Percent
			}
		}
	}
	return Number
}
