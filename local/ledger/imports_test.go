package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// sold records invoices of an import, one a day of March 2026, in a transaction each.
func sold(t testing.TB, l *Ledger, id int64, days ...int) {
	t.Helper()
	for _, d := range days {
		if err := l.RecordBulk(context.Background(), who, func(tx *Tx) error {
			tx.OfImport(id)
			_, err := tx.Invoice(Invoice{Reference: fmt.Sprintf("F-%d", d), Client: "c1", Date: day(fmt.Sprintf("2026-03-%02d", d)), Lines: []Line{{Product: "tea", Quantity: qty("1"), UnitPrice: price("500")}}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// An import that was stopped is gone on with by the same files, and by no others; its
// entries are its own, whoever else records in between.
func TestTheHistoryOfImports(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	ctx := context.Background()
	file := func(c string) []ImportedFile {
		return []ImportedFile{{Name: c + ".xlsx", SHA256: strings.Repeat(c, 64), Bytes: 7}}
	}
	begin := func(files []ImportedFile, want int64) {
		t.Helper()
		id, err := l.BeginImport(ctx, who, "comptoir", files)
		if err != nil || id != want {
			t.Fatalf("import %d, %v; want %d", id, err, want)
		}
	}
	begin(file("a"), 1)
	sold(t, l, 1, 1)
	sold(t, l, 0, 2) // somebody else
	begin(file("b"), 2)
	sold(t, l, 2, 3)
	begin(file("a"), 1)
	sold(t, l, 1, 4)
	if err := l.EndImport(ctx, 1, ImportResult{Rows: 9, Rejected: 2, Already: 1}); err != nil {
		t.Fatal(err)
	}
	begin(file("a"), 3)
	_, err := l.BeginImport(ctx, "", "comptoir", file("a"))
	refused(t, err, "who")

	v, ok, err := l.Import(ctx, 1)
	if err != nil || !ok {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%v %+v %+v", v.Files, v.ImportResult, v.Entries); got != fmt.Sprintf("%v {Rows:9 Rejected:2 Already:1} {Products:0 Clients:0 Counts:0 Invoices:2 CreditNotes:0 VoidedDocuments:0 Net:1000}", file("a")) {
		t.Error(got)
	}
	entries, err := l.ImportEntries(ctx, 1, 0, 10)
	if err != nil || len(entries) != 2 || entries[0].Reference != "F-1" || entries[1].Reference != "F-4" {
		t.Errorf("%+v, %v", entries, err)
	}
	every, err := l.Imports(ctx, 2)
	if err != nil || len(every) != 2 || every[0].ID != 3 || every[1].ID != 2 || !every[1].Ended.IsZero() {
		t.Errorf("%+v, %v", every, err)
	}
	_, err = l.VoidImport(ctx, 2, who, "wrong", nil)
	refused(t, err, "under_way")
}

// Voiding an import takes back what can be voided, the last one first, says what
// cannot and why, and goes on when that is out of the way.
func TestVoidingAnImport(t *testing.T) {
	l := newLedger(t, "GBP", "2026-03-10")
	goods(t, l)
	ctx := context.Background()
	id, err := l.BeginImport(ctx, who, "comptoir", []ImportedFile{{Name: "a", SHA256: strings.Repeat("a", 64)}})
	if err != nil {
		t.Fatal(err)
	}
	sold(t, l, id, 1, 2, 3, 4)
	if err := l.RecordBulk(ctx, who, func(tx *Tx) error {
		tx.OfImport(id)
		_, err := tx.CreditNote(CreditNote{Invoice: "INV-000003", Date: day("2026-03-05"), Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: qty("1")}}}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.EndImport(ctx, id, ImportResult{}); err != nil {
		t.Fatal(err)
	}
	var foreign Document
	record(t, l, func(tx *Tx) (err error) { // a return that is not of the import
		foreign, err = tx.CreditNote(CreditNote{Invoice: "INV-000004", Date: day("2026-03-06"), Lines: []ReturnLine{{InvoiceLine: 1, Line: Line{Quantity: qty("1")}}}})
		return err
	})
	record(t, l, func(tx *Tx) error { return tx.CloseThrough(day("2026-03-01")) })
	_, err = l.VoidImport(ctx, id, who, "", nil)
	refused(t, err, "reason")
	_, err = l.VoidImport(ctx, 9, who, "wrong", nil)
	refused(t, err, "unknown_import")

	v, err := l.VoidImport(ctx, id, who, "wrong", nil)
	if err != nil {
		t.Fatal(err)
	}
	kept := ""
	for _, k := range v.Kept {
		kept += k.Document + " " + k.Why.Code + "; "
	}
	if kept != "INV-000004 has_credit_note; INV-000001 closed_period; " || v.Voided != 3 {
		t.Errorf("voided %d, kept %s", v.Voided, kept)
	}
	if one, _, err := l.Import(ctx, id); err != nil || one.Void.Reason != "" || one.Entries.VoidedDocuments != 3 {
		t.Errorf("%+v, %v", one, err)
	}
	record(t, l, func(tx *Tx) error {
		_, err := tx.Void(Void{Document: foreign.ID, Reason: "to void its invoice"})
		return err
	})
	v, err = l.VoidImport(ctx, id, who, "wrong", nil)
	if err != nil || v.Voided != 1 || v.Already != 3 || len(v.Kept) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	for _, d := range []string{"INV-000002", "INV-000003", "INV-000004", "CN-000001"} {
		if got, _, err := l.Document(ctx, d); err != nil || got.VoidReason != "wrong" {
			t.Errorf("%s: %+v, %v", d, got, err)
		}
	}
}
