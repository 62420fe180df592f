package workbook_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"comptoir/local/workbook"
)

const (
	rootRels = `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookRels = `<Relationships><Relationship Id="a" Type="http://x/worksheet" Target="worksheets/one.xml"/>` +
		`<Relationship Id="s" Type="http://x/styles" Target="/xl/styles.xml"/><Relationship Id="t" Type="http://x/sharedStrings" Target="texts.xml"/></Relationships>`
	oneSheet = `<workbook><workbookPr%s/><sheets><sheet name="One" sheetId="1" r:id="a"/></sheets></workbook>`
	styles   = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-40C]d\ mmm\ yyyy"/><numFmt numFmtId="165" formatCode="0.0%"/><numFmt numFmtId="166" formatCode="&quot;day&quot; 0.00"/></numFmts>` +
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="9"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="49"/></cellXfs></styleSheet>`
	sharedTexts = `<sst><si><t>plain</t></si><si><r><t>ri</t></r><r><t xml:space="preserve">ch </t></r><rPh><t>no</t></rPh></si><si><t>a_x000A_b_x005F_</t></si></sst>`
)

// packed makes a workbook of one sheet by its rows.
func packed(t testing.TB, rows, properties string) []byte {
	t.Helper()
	return parts(t, map[string]string{
		"_rels/.rels": rootRels, "xl/_rels/workbook.xml.rels": bookRels, "xl/workbook.xml": fmt.Sprintf(oneSheet, properties),
		"xl/styles.xml": styles, "xl/texts.xml": sharedTexts, "xl/worksheets/one.xml": `<worksheet><sheetData>` + rows + `</sheetData><mergeCells/></worksheet>`,
	})
}

func parts(t testing.TB, all map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range all {
		p, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(p, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read reads the first sheet: a line a cell.
func read(content []byte, l workbook.Limits) ([]string, error) {
	b, err := workbook.Open(bytes.NewReader(content), int64(len(content)), l)
	if err != nil {
		return nil, err
	}
	rows, err := b.Rows(b.Sheets()[0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var cells []string
	for {
		r, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return cells, nil
		}
		if err != nil {
			return cells, err
		}
		for _, c := range r.Cells {
			cells = append(cells, fmt.Sprintf("%s %s %q", workbook.Name(c.Column, r.Number), []string{"text", "number", "percent", "date", "boolean", "fault", "unknown"}[c.Kind], c.Text))
		}
	}
}

func TestCells(t *testing.T) {
	for _, c := range []struct{ row, want string }{
		{`<row r="3"><c r="B3" t="s"><v>0</v></c><c t="s"><v>1</v></c></row>`, `B3 text "plain", C3 text "rich "`},
		{`<row><c t="s"><v>2</v></c><c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c></row>`, `A1 text "a\nb_", B1 text "inline"`},
		{`<row r="1"/><row><c r="AB2"><v>1</v></c></row><row r="9"><c><v>2</v></c></row>`, `AB2 number "1", A9 number "2"`},
		{`<row><c s="6"><v>007</v></c><c s="6" t="str"><f>A1</f><v>007</v></c></row>`, `A1 number "7", B1 text "007"`},
		// What programs write of a double, and what Excel shows of it.
		{
			`<row><c><v>0.30000000000000004</v></c><c><v>1.1000000000000001E-3</v></c><c><v>-2.5E+3</v></c><c><v>1234567890123456789</v></c><c><v>9.9999999999999995</v></c></row>`,
			`A1 number "0.3", B1 number "0.0011", C1 number "-2500", D1 number "1234567890123460000", E1 number "10"`,
		},
		{
			`<row><c s="1"><v>40878</v></c><c s="2"><v>40878.5</v></c><c s="1"><v>1</v></c><c s="1"><v>59</v></c><c s="1"><v>60</v></c><c s="1"><v>61</v></c><c s="1"><v>-1</v></c></row>`,
			`A1 date "2011-12-01", B1 date "2011-12-01 12:00:00", C1 date "1900-01-01", D1 date "1900-02-28", E1 number "60", F1 date "1900-03-01", G1 number "-1"`,
		},
		{
			`<row><c s="3"><v>0.2</v></c><c s="4"><v>0.055</v></c><c s="5"><v>4</v></c><c t="d"><v>2026-04-03T12:30:00Z</v></c></row>`,
			`A1 percent "0.2", B1 percent "0.055", C1 number "4", D1 date "2026-04-03 12:30:00"`,
		},
		{
			`<row><c t="b"><v>1</v></c><c t="b"><v>0</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c><c><f>A1</f></c><c><f>2*3</f><v>6</v></c><c s="1"/></row>`,
			`A1 boolean "TRUE", B1 boolean "FALSE", C1 fault "#DIV/0!", D1 unknown "", E1 number "6"`,
		},
		{``, ``},
	} {
		got, err := read(packed(t, c.row, ""), workbook.Limits{})
		if strings.Join(got, ", ") != c.want || err != nil {
			t.Errorf("%s\n got %s, %v\nwant %s", c.row, strings.Join(got, ", "), err, c.want)
		}
	}
	got, err := read(packed(t, `<row><c s="1"><v>0</v></c><c s="1"><v>39416</v></c></row>`, ` date1904="1"`), workbook.Limits{})
	if strings.Join(got, ", ") != `A1 date "1904-01-01", B1 date "2011-12-01"` || err != nil {
		t.Errorf("from 1904: %v, %v", got, err)
	}
}

// What is not in order is an error, never a shorter sheet.
func TestWhatIsNotInOrder(t *testing.T) {
	many := strings.Repeat(`<row><c><v>1</v></c></row>`, 50)
	for _, c := range []struct {
		name string
		rows string
		want error
	}{
		{"a sheet that breaks off", `<row><c><v>1</v></c></row><row><c><v>2`, workbook.ErrFormat},
		{"a sheet that breaks off between rows", `<row><c><v>1</v></c></row>`, workbook.ErrFormat},
		{"a sheet that breaks off in a row", `<row><c><v>1</v></c>`, workbook.ErrFormat},
		{"rows that go back", `<row r="2"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>`, workbook.ErrFormat},
		{"cells that go back", `<row><c r="B1"><v>1</v></c><c r="B1"><v>1</v></c></row>`, workbook.ErrFormat},
		{"a text that is not there", `<row><c t="s"><v>3</v></c></row>`, workbook.ErrFormat},
		{"no number", `<row><c><v>1,5</v></c></row>`, workbook.ErrFormat},
		{"an unknown type", `<row><c t="q"><v>1</v></c></row>`, workbook.ErrFormat},
		{"a column beyond XFD", `<row><c r="XFE1"><v>1</v></c></row>`, workbook.ErrFormat},
		{"too many rows", many + many, workbook.ErrLimit},
		{"too many cells", `<row>` + strings.Repeat(`<c><v>1</v></c>`, 200) + `</row>`, workbook.ErrLimit},
		{"a row too far down", `<row r="70"><c><v>1</v></c></row>`, workbook.ErrLimit},
		{"one huge value", `<row><c><v>` + strings.Repeat("1", 2<<20) + `</v></c></row>`, workbook.ErrLimit},
		{"one huge tag", `<row><c ` + strings.Repeat(`a="1" `, 1<<18) + `/></row>`, workbook.ErrLimit},
		{"more than may be unpacked", `<row><c t="str"><v>` + strings.Repeat("x", 60<<10) + `</v></c><c t="str"><v>` + strings.Repeat("x", 60<<10) + `</v></c></row>`, workbook.ErrLimit},
		{"deep", strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200), workbook.ErrFormat},
		{"an entity of its own", `<row><c t="str"><v>&bomb;</v></c></row>`, workbook.ErrFormat},
	} {
		content := packed(t, c.rows, "")
		if strings.HasPrefix(c.name, "a sheet that breaks off") {
			content = parts(t, map[string]string{
				"_rels/.rels": rootRels, "xl/_rels/workbook.xml.rels": bookRels, "xl/workbook.xml": fmt.Sprintf(oneSheet, ""),
				"xl/styles.xml": styles, "xl/texts.xml": sharedTexts, "xl/worksheets/one.xml": `<worksheet><sheetData>` + c.rows,
			})
		}
		limits := workbook.Limits{Rows: 60, Cells: 100, Unpacked: 100 << 10}
		if strings.HasPrefix(c.name, "one huge") {
			limits.Unpacked = 0
		}
		if _, err := read(content, limits); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := read(packed(t, "", ""), workbook.Limits{Texts: 20}); !errors.Is(err, workbook.ErrLimit) {
		t.Errorf("too much text: %v", err)
	}
	if _, err := read([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 more"), workbook.Limits{}); !errors.Is(err, workbook.ErrOld) {
		t.Errorf("an old workbook: %v", err)
	}
	if _, err := read(parts(t, map[string]string{"a": "b"}), workbook.Limits{}); !errors.Is(err, workbook.ErrFormat) {
		t.Errorf("a zip of something else: %v", err)
	}
}

// Whatever stands in a sheet, reading it ends, with rows in their order or an error.
func FuzzSheet(f *testing.F) {
	f.Add(`<row r="3"><c r="B3" t="s"><v>0</v></c></row>`)
	f.Add(`<row><c s="1"><v>40878.99</v></c><c s="3"><v>2E-1</v></c><c t="b"><v>1</v></c></row>`)
	f.Add(`<row><c t="inlineStr"><is><t>x</t><rPh><t>y</t></rPh></is></c><c><f>A1</f></c></row></sheetData>`)
	f.Add(`<row><c><v>`)
	limits := workbook.Limits{Rows: 1000, Cells: 1000, Unpacked: 1 << 20}
	f.Fuzz(func(t *testing.T, rows string) {
		content := packed(t, rows, "")
		b, err := workbook.Open(bytes.NewReader(content), int64(len(content)), limits)
		if err != nil {
			t.Fatal(err)
		}
		sheet, err := b.Rows(b.Sheets()[0])
		if err != nil {
			t.Fatal(err)
		}
		for last := 0; ; {
			r, err := sheet.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, workbook.ErrFormat) && !errors.Is(err, workbook.ErrLimit) {
					t.Fatal(err)
				}
				return
			}
			if r.Number <= last || r.Number > 1000 {
				t.Fatalf("row %d after row %d", r.Number, last)
			}
			last = r.Number
			for i, c := range r.Cells {
				if i > 0 && c.Column <= r.Cells[i-1].Column || c.Column >= 1<<14 || c.Text == "" && c.Kind != workbook.Unknown {
					t.Fatalf("%+v", r.Cells)
				}
			}
		}
	})
}

// Whatever the bytes of a file are, opening it ends in a book or an error.
func FuzzOpen(f *testing.F) {
	f.Add(packed(f, `<row><c><v>1</v></c></row>`, ""))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := read(content, workbook.Limits{Rows: 1000, Cells: 1000, Unpacked: 1 << 20, Texts: 1 << 20})
		if err != nil && !errors.Is(err, workbook.ErrFormat) && !errors.Is(err, workbook.ErrLimit) && !errors.Is(err, workbook.ErrOld) {
			t.Fatal(err)
		}
	})
}
