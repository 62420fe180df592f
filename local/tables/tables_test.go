package tables

import (
	"strings"
	"testing"
)

var columns = []Column{{"product", Text}, {"price", Number}, {"sold", Date}, {"typed", Mixed}}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect Dialect
		want    string
	}{
		{"for programs", Dialect{}, "product,price,sold,typed\n'=1+1,-2.50,2026-03-10,-5\n\"a;b,\"\"c\"\"\",,,'-x\n"},
		{"for Excel", Dialect{Excel: true}, "\uFEFFproduct,price,sold,typed\r\n'=1+1,-2.50,2026-03-10,-5\r\n\"a;b,\"\"c\"\"\",,,'-x\r\n"},
		{"for a French Excel", Dialect{Semicolons: true, Excel: true}, "\uFEFFproduct;price;sold;typed\r\n'=1+1;-2,50;2026-03-10;-5\r\n\"a;b,\"\"c\"\"\";;;'-x\r\n"},
	} {
		var out strings.Builder
		w, err := CSV(&out, c.dialect, columns)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range [][]string{{"=1+1", "-2.50", "2026-03-10", "-5"}, {`a;b,"c"`, "", "", "-x"}} {
			if err := w.Row(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil || out.String() != c.want {
			t.Errorf("%s: %q (%v), want %q", c.name, out.String(), err, c.want)
		}
	}
}

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{"tea": "tea", "": "", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "1-1": "1-1", "'=1": "''=1", "'tea": "'tea"} {
		if got := Harmless(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if got := Typed(want); got != text {
			t.Errorf("%q was %q, not %q", want, text, got)
		}
	}
}
