package ledger

import (
	"context"
	"strconv"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// ImportedFile is a file of an import.
type ImportedFile struct {
	Name   string
	SHA256 string // hexadecimal, of its bytes
	Bytes  int64
}

// Import is one import in the ledger's history.
type Import struct {
	ID           int64
	Who, Profile string
	Files        []ImportedFile
	Begun        time.Time
	Ended        time.Time // zero: it was stopped, or is under way
	ImportResult
	Entries ImportedEntries
	Void    ImportVoid
}

// ImportResult is what an import says at its end.
type ImportResult struct {
	Rows     int // of its files
	Rejected int // of them
	Already  int // documents that were recorded before
}

// ImportedEntries counts the entries of an import. Net is that of its documents,
// sales less returns, in minor units, voided ones included.
type ImportedEntries struct {
	Products, Clients, Counts int
	Invoices, CreditNotes     int
	VoidedDocuments           int
	Net                       money.Amount
}

// ImportVoid is the voiding of an import as a whole; Reason is "" where it stands.
type ImportVoid struct {
	Who, Reason string
	At          time.Time
}

// BeginImport notes an import and returns its number. Where the last import of
// the same files by the same profile was stopped, it is that one again.
func (l *Ledger) BeginImport(ctx context.Context, who, profile string, files []ImportedFile) (id int64, err error) {
	if who == "" || event.CheckID(who) != nil {
		return 0, refuse("who", "who", shorten(who), "an import says who brings it, in at most 256 bytes without control characters", "give a name")
	}
	err = l.immediate(ctx, "noting an import in", func(w *writer) error {
		stopped, err := stoppedImport(w, profile, files)
		if err != nil || stopped != 0 {
			id = stopped
			return l.explain("noting an import in", err)
		}
		r, _, err := w.row("SELECT 1 + coalesce(max(id), 0) FROM imports")
		if err != nil {
			return l.explain("noting an import in", err)
		}
		id = r.int(0)
		if err := w.exec("INSERT INTO imports (id, who, profile, begun_at) VALUES (?, ?, ?, ?)", id, who, profile, l.clock(0)); err != nil {
			return l.explain("noting an import in", err)
		}
		for i, f := range files {
			if err := w.exec("INSERT INTO import_files (import, number, name, sha256, bytes) VALUES (?, ?, ?, ?, ?)", id, int64(i+1), f.Name, f.SHA256, f.Bytes); err != nil {
				return l.explain("noting an import in", err)
			}
		}
		return nil
	})
	return id, err
}

// stoppedImport finds an import of the same files that was not ended; 0 for none.
func stoppedImport(w *writer, profile string, files []ImportedFile) (int64, error) {
	var open []int64
	if err := w.each("SELECT id FROM imports WHERE ended_at IS NULL AND profile = ? ORDER BY id DESC", func(r row) error {
		open = append(open, r.int(0))
		return nil
	}, profile); err != nil {
		return 0, err
	}
	for _, id := range open {
		i, same := 0, true
		if err := w.each("SELECT sha256 FROM import_files WHERE import = ? ORDER BY number", func(r row) error {
			same = same && i < len(files) && files[i].SHA256 == r.text(0)
			i++
			return nil
		}, id); err != nil {
			return 0, err
		}
		if same && i == len(files) {
			return id, nil
		}
	}
	return 0, nil
}

// EndImport notes that an import came to its end.
func (l *Ledger) EndImport(ctx context.Context, id int64, v ImportResult) error {
	return l.immediate(ctx, "noting the end of an import in", func(w *writer) error {
		return l.explain("noting the end of an import in", w.exec("UPDATE imports SET ended_at = ?, rows = ?, rejected = ?, already = ? WHERE id = ? AND ended_at IS NULL",
			l.clock(0), int64(v.Rows), int64(v.Rejected), int64(v.Already), id))
	})
}

// OfImport says that the entries of the transaction, from the next one on, are
// those of an import; 0 leaves them by themselves.
func (tx *Tx) OfImport(id int64) { tx.importOf, tx.importFrom = id, tx.b.entry+1 }

// noteImport notes which entries were an import's.
func (tx *Tx) noteImport() error {
	if tx.importOf == 0 || tx.b.entry < tx.importFrom {
		return nil
	}
	return tx.exec("INSERT INTO import_entries (first, last, import) VALUES (?, ?, ?)", tx.importFrom, tx.b.entry, tx.importOf)
}

const importQuery = `SELECT i.id, i.who, i.profile, i.begun_at, i.ended_at, i.rows, i.rejected, i.already, v.who, v.voided_at, v.reason
	FROM imports i LEFT JOIN import_voids v ON v.import = i.id `

// Imports returns the newest imports first, at most limit.
func (l *Ledger) Imports(ctx context.Context, limit int) (all []Import, err error) {
	err = l.asking(ctx, func(q asker) error {
		if err := q.each(importQuery+"ORDER BY i.id DESC LIMIT ?", func(r row) error {
			all = append(all, importOf(r))
			return nil
		}, int64(limit)); err != nil {
			return err
		}
		for i := range all {
			if err := fillImport(q, &all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return all, l.explain("reading the imports of", err)
}

// Import returns an import; ok is false where there is none.
func (l *Ledger) Import(ctx context.Context, id int64) (v Import, ok bool, err error) {
	err = l.asking(ctx, func(q asker) error {
		r, found, err := q.row(importQuery+"WHERE i.id = ?", id)
		if err != nil || !found {
			return err
		}
		v, ok = importOf(r), true
		return fillImport(q, &v)
	})
	return v, ok, l.explain("reading the imports of", err)
}

func importOf(r row) Import {
	v := Import{
		ID: r.int(0), Who: r.text(1), Profile: r.text(2), Begun: timeOf(r.int(3)),
		ImportResult: ImportResult{Rows: int(r.int(5)), Rejected: int(r.int(6)), Already: int(r.int(7))},
	}
	if r.known(4) {
		v.Ended = timeOf(r.int(4))
	}
	if r.known(9) {
		v.Void = ImportVoid{Who: r.text(8), At: timeOf(r.int(9)), Reason: r.text(10)}
	}
	return v
}

func fillImport(q asker, v *Import) error {
	if err := q.each("SELECT name, sha256, bytes FROM import_files WHERE import = ? ORDER BY number", func(r row) error {
		v.Files = append(v.Files, ImportedFile{r.text(0), r.text(1), r.int(2)})
		return nil
	}, v.ID); err != nil {
		return err
	}
	return q.each(`SELECT e.kind, count(*), count(v.document), coalesce(sum(CASE d.kind WHEN 'invoice' THEN d.net WHEN 'credit_note' THEN -d.net END), 0)
		FROM import_entries r JOIN entries e ON e.id BETWEEN r.first AND r.last
		LEFT JOIN documents d ON d.entry = e.id LEFT JOIN voids v ON v.document = e.id WHERE r.import = ? GROUP BY e.kind`, func(r row) error {
		n := int(r.int(1))
		switch EntryKind(r.text(0)) {
		case EntryProduct:
			v.Entries.Products = n
		case EntryClient:
			v.Entries.Clients = n
		case EntryCount:
			v.Entries.Counts = n
		case EntryInvoice:
			v.Entries.Invoices = n
		case EntryCreditNote:
			v.Entries.CreditNotes = n
		}
		v.Entries.VoidedDocuments += int(r.int(2))
		v.Entries.Net += money.Amount(r.int(3))
		return nil
	}, v.ID)
}

// ImportEntries returns the entries of an import in their order, those after an
// id, at most limit.
func (l *Ledger) ImportEntries(ctx context.Context, id, after int64, limit int) (all []Entry, err error) {
	err = l.asking(ctx, func(q asker) error {
		return q.each(`SELECT e.id, e.kind, e.reference, e.who, e.recorded_at, e.date, e.subject, e.reason
			FROM import_entries r JOIN entries e ON e.id BETWEEN r.first AND r.last WHERE r.import = ? AND e.id > ? ORDER BY e.id LIMIT ?`, func(r row) error {
			all = append(all, Entry{ID: r.int(0), Kind: EntryKind(r.text(1)), Reference: r.text(2), Who: r.text(3), At: timeOf(r.int(4)), Date: r.date(5), Subject: r.text(6), Reason: r.text(7)})
			return nil
		}, id, after, int64(limit))
	})
	return all, l.explain("reading the imports of", err)
}

// VoidedImport is what became of an import that was to be voided.
type VoidedImport struct {
	Voided  int // documents, now
	Already int // documents that were voided before
	// Kept are the documents that cannot be voided, with why. Where there are any, the
	// import is not noted as voided: the same again goes on.
	Kept []KeptDocument
	// Products, Clients and Counts are entries that are no documents, and stay.
	Products, Clients, Counts int
}

// KeptDocument is a document that could not be voided.
type KeptDocument struct {
	Document string
	Why      *RuleError
}

// voidsPerBatch is how many documents one transaction voids.
const voidsPerBatch = 200

// VoidImport voids the documents of an import, the last one first, each by an
// entry of its own that has the reason. What is recorded of products, clients and counts
// stays: the catalogue is changed and archived, and a count is followed by another.
// A void that was stopped goes on where it is asked for again. progress may be nil.
func (l *Ledger) VoidImport(ctx context.Context, id int64, who, reason string, progress func(done, total int)) (VoidedImport, error) {
	var result VoidedImport
	v, ok, err := l.Import(ctx, id)
	switch {
	case err != nil:
		return result, err
	case !ok:
		return result, refuse("unknown_import", "import", strconv.FormatInt(id, 10), "there is no such import", "see the list of imports")
	case v.Void.Reason != "":
		return result, refuse("voided", "import", strconv.FormatInt(id, 10), "it was voided on "+v.Void.At.Format(time.DateOnly)+" already", "leave it")
	case v.Ended.IsZero():
		return result, refuse("under_way", "import", strconv.FormatInt(id, 10), "it is under way, or was stopped", "let it come to its end, or import the same files again, then void it")
	case reason == "" || badText(reason):
		return result, refuse("reason", "reason", shorten(reason), "a void says why, in at most 1024 bytes", "give the reason")
	}
	result.Products, result.Clients, result.Counts = v.Entries.Products, v.Entries.Clients, v.Entries.Counts
	documents, err := l.importedDocuments(ctx, id)
	if err != nil {
		return result, err
	}
	for done := 0; done < len(documents); done += voidsPerBatch {
		if progress != nil {
			progress(done, len(documents))
		}
		batch := documents[done:min(done+voidsPerBatch, len(documents))]
		one := VoidedImport{}
		if err := l.RecordBulk(ctx, who, func(tx *Tx) error {
			one = VoidedImport{}
			return tx.voidAll(batch, reason, &one)
		}); err != nil {
			return result, err
		}
		result.Voided += one.Voided
		result.Already += one.Already
		result.Kept = append(result.Kept, one.Kept...)
	}
	if _, err := l.Settle(ctx, who); err != nil || len(result.Kept) > 0 {
		return result, err
	}
	return result, l.immediate(ctx, "noting a void in", func(w *writer) error {
		return l.explain("noting a void in", w.exec("INSERT INTO import_voids (import, who, voided_at, reason) VALUES (?, ?, ?, ?)", id, who, l.clock(0), reason))
	})
}

// importedDocuments are the ids of the documents of an import, the last one first.
func (l *Ledger) importedDocuments(ctx context.Context, id int64) (ids []string, err error) {
	err = l.asking(ctx, func(q asker) error {
		return q.each("SELECT d.id FROM import_entries r JOIN documents d ON d.entry BETWEEN r.first AND r.last WHERE r.import = ? ORDER BY d.entry DESC", func(r row) error {
			ids = append(ids, r.text(0))
			return nil
		}, id)
	})
	return ids, l.explain("reading the imports of", err)
}

func (tx *Tx) voidAll(ids []string, reason string, result *VoidedImport) error {
	for _, id := range ids {
		d, _, err := tx.Document(id)
		if err != nil {
			return err
		}
		if d.VoidedOn != event.NoDate {
			result.Already++
			continue
		}
		_, err = tx.Void(Void{Document: id, Reason: reason})
		if rule, refused := asRule(err); refused {
			result.Kept = append(result.Kept, KeptDocument{id, rule})
			continue
		}
		if err != nil {
			return err
		}
		result.Voided++
	}
	return nil
}
