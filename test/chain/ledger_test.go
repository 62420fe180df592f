package chain

import (
	"database/sql"
	"net/url"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// open opens a database of the data directory; mode is ro or rw.
func (s *shop) open(name, mode string) *sql.DB {
	s.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: s.file(name), RawQuery: "_busy_timeout=10000&mode=" + mode}).String())
	must(s, err)
	db.SetMaxOpenConns(1) // what is attached belongs to a connection
	return db
}

// recorded counts the documents in the ledger so far; 0 where there is none.
func (s *shop) recorded() (n int) {
	s.Helper()
	db := s.open("ledger.db", "ro")
	defer db.Close()
	_ = db.QueryRow("SELECT count(*) FROM documents").Scan(&n) // the ledger may be in the making
	return n
}

// sameLedger demands that the ledger holds the same as one that was never
// disturbed: the same entries, documents and lines under the same numbers, the same
// events in the same order. Ids of events and times may differ.
func (s *shop) sameLedger(undisturbed string) {
	s.Helper()
	db := s.open("ledger.db", "ro")
	defer db.Close()
	if _, err := db.Exec("ATTACH ? AS calm", "file:"+undisturbed+"?mode=ro"); err != nil {
		s.Fatal(err)
	}
	for _, c := range [][3]string{
		{"entries", "id", "kind, reference, date, subject, reason"},
		{"documents", "entry", "id, kind, number, invoice, client, date, discount, net, tax, total"},
		{"lines", "document, number", "product, description, quantity, unit_price, net, cost, restock"},
		{"streams", "number", "name, last_sequence"},
		{"event_log", "id", "type, key, revision, subject, data"},
		{"lots", "product, lot", "on_hand, unit_cost, received_on, expiry_date"},
		{"products", "id", "name, category, kind, buy_price, sell_price, min_margin, archived"},
		{"clients", "id", "name"},
	} {
		table, key := c[0], c[1]
		of := func(alias, columns string) string {
			return alias + "." + strings.ReplaceAll(columns, ", ", ", "+alias+".")
		}
		var here, there, wrong int
		var first sql.NullString
		must(s, db.QueryRow(`SELECT (SELECT count(*) FROM main.`+table+`), (SELECT count(*) FROM calm.`+table+`), count(*), min(concat_ws('/', `+of("a", key)+`))
			FROM main.`+table+` a LEFT JOIN calm.`+table+` b USING (`+key+`) WHERE (`+of("a", c[2])+`) IS NOT (`+of("b", c[2])+`)`).Scan(&here, &there, &wrong, &first))
		if here != there || wrong != 0 || here == 0 {
			s.Errorf("%s: %d, and %d in the undisturbed ledger; %d are not the same, such as %s", table, here, there, wrong, first.String)
		}
		s.Logf("%s: %d, as in the undisturbed ledger", table, here)
	}
}
