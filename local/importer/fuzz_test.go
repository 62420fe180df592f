package importer_test

import (
	"strings"
	"testing"

	"comptoir/local/importer"
	"comptoir/local/notation"
)

// Whatever the header and the row under it, an import of them is a summary that
// accounts for the row, or one sentence; a dry run changes nothing.
func FuzzHeader(f *testing.F) {
	l := fresh(f)
	for _, s := range [][2]string{
		{"Code produit;Désignation;Prix d’achat", "00417;Lanterne;2,00"},
		{"product id,name,min margin %", "P,Product,12.5%"},
		{"n° facture\tdate facture\tproduit\tquantité\tpu", "F-1\t2011-12-01\tP\t1,5\t2"},
		{"client id,nom,archivé", "C,Client,oui"},
		{"code,quantity,lot,expiry", "P,1.5,L,31/12/2011"},
		{"invoice,date,type,discount", "F-1,1/2/2011,avoir,"},
		{"=cmd,\"a\"\"b\",", "1,2,3"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, header, row string) {
		s, err := importer.Import(t.Context(), importer.Options{
			Ledger: l, Who: "test", DryRun: true, Dates: notation.DayFirst, Decimal: notation.Comma,
			Files: []importer.File{text("fuzzed.csv", header+"\n"+row+"\n")},
		})
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "fuzzed.csv") {
				t.Fatalf("not a sentence with its file: %v", err)
			}
			return
		}
		if n := s.Products.Created + s.Clients.Created + s.Stock.Lots + s.Sales.Lines + s.Returns.Lines + s.Rejected; n < min(1, s.Rows()) {
			t.Fatalf("%q over %q: %d of %d rows are accounted for: %+v", header, row, n, s.Rows(), s)
		}
		for _, r := range s.Rejects {
			if r.Rule == "" || r.Advice == "" || r.Row < 2 {
				t.Fatalf("%+v", r)
			}
		}
	})
}
