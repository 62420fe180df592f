package importer

import (
	"context"
	"fmt"

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
	if err != nil {
		return s.stopped(ctx, s.files[0].Name, err)
	}
	s.books.of, s.summary.Import = id, id
	return nil
}

// end notes what came of it.
func (s *session) end(ctx context.Context) error {
	if s.DryRun {
		return nil
	}
	if err := s.Ledger.EndImport(ctx, s.summary.Import, ledger.ImportResult{Rows: s.summary.Rows(), Rejected: s.summary.Rejected, Already: s.summary.Already.Documents}); err != nil {
		return fmt.Errorf("ending the import: all documents are recorded; run the same import again to finish: %w", err)
	}
	return nil
}
