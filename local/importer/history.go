package importer

import (
	"context"

	"comptoir/local/ledger"
)

// begin notes the import in the ledger's history.
func (s *session) begin(ctx context.Context) error {
	if s.DryRun {
		return nil
	}
	files := make([]ledger.ImportedFile, len(s.files))
	for i, f := range s.files {
		files[i] = ledger.ImportedFile{Name: f.Name, SHA256: f.sha256, Bytes: f.bytes}
	}
	id, err := s.Ledger.BeginImport(ctx, s.Who, s.profile.name, files)
	s.books.of, s.summary.Import = id, id
	return err
}

// end notes what came of it.
func (s *session) end(ctx context.Context) error {
	if s.DryRun {
		return nil
	}
	return s.Ledger.EndImport(ctx, s.summary.Import, ledger.ImportResult{Rows: s.summary.Rows(), Rejected: s.summary.Rejected, Already: s.summary.Already.Documents})
}
