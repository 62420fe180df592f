package accountant

import (
	"net/http"
	"strings"
	"testing"
)

func TestExports(t *testing.T) {
	d := openDesk(t, nil)
	d.want(d.send("/client", "id", "C9", "name", `=HYPERLINK("http://evil.example")`), http.StatusOK)
	d.want(d.send("/sales/new", "date", today, "client", "C9", "product", "TEA", "quantity", "1.5"), http.StatusOK)
	d.want(d.send("/entries/8/return", "date", today, "quantity", "1", "restock", "yes"), http.StatusOK, "CN-000001")
	p := d.get("/entries.csv?kind=credit_note")
	rows := strings.Split(p.body, "\r\n")
	if rows[0] != byteOrderMark+"Entry,Kind,Number,Date,Client code,Name,\"Total, EUR\",Voided on,Reference,By,Recorded at,Reason" {
		t.Errorf("the head is %q", rows[0])
	}
	if len(rows) != 3 || !strings.HasPrefix(rows[1], `9,Return,CN-000001,2026-03-10,C9,"'=HYPERLINK(""http://evil.example"")",-12.00,,,anna,`) {
		t.Errorf("the rows are %q", rows[1:])
	}
	if got := p.header.Get("Content-Disposition"); got != `attachment; filename="entries.csv"` {
		t.Errorf("the file is %s", got)
	}
	d.lang = "fr"
	rows = strings.Split(d.get("/products.csv?q=th").body, "\r\n")
	if len(rows) != 3 || rows[1] != "TEA;Thé vert;;Article en stock;4,00;10,00;30;20;4006381333931;" {
		t.Errorf("in French the rows are %q", rows)
	}
	if rows = strings.Split(d.get("/clients.csv").body, "\r\n"); len(rows) != 4 || rows[1] != "C1;Zoë Ltd;" {
		t.Errorf("the clients are %q", rows)
	}
}

func TestCellsAreHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"tea": "tea", "": "", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "\"'\tx\"", "a;b": `"a;b"`, `5" nail`: `"5"" nail"`, "two\nlines": "\"two\nlines\"",
	} {
		if got := cellText(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
}
