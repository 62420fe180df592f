package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"comptoir/local/datadir"
	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/event"
)

type importFlags struct {
	profile, rejects, stockDate string
	dryRun                      bool
}

func (c *console) importFiles() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Record what CSV files hold",
		Long: `Record what CSV files (.csv, .csv.gz) hold: catalogue, then stock, then invoices,
whatever the order they are named in. Rows that break a rule are left out and listed
with what to do; the good ones are recorded. Importing a file again records nothing
twice. It works beside a running ` + "`comptoir run`" + `, which publishes what is recorded.`,
		Example: `  comptoir import --currency GBP products.csv stock.csv sales.csv.gz
  comptoir import sales.csv --dry-run
  comptoir import sales.csv --rejects rejected.csv`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.runImport(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.profile, "profile", importer.OnlineRetail, "how the files are read")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would happen and change nothing")
	cmd.Flags().StringVar(&f.rejects, "rejects", "", "write every rejected row to this CSV `file`")
	cmd.Flags().StringVar(&f.stockDate, "stock-date", "", "the `day` whose end a stock count is of (default: today)")
	return cmd
}

func (c *console) runImport(ctx context.Context, f importFlags, args []string) (err error) {
	o := importer.Options{Files: importer.Paths(args...), Profile: f.profile, Who: "import", DryRun: f.dryRun, Rejects: f.rejects}
	if f.stockDate != "" {
		if o.StockDate, err = event.ParseDate(f.stockDate); err != nil {
			return usagef("--stock-date: %w", err)
		}
	}
	for _, path := range args { // before a data directory is made for them
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("importing: %w; check the name of the file", err)
		}
	}
	l, closeLedger, err := c.importLedger(ctx, f.dryRun)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLedger()) }()
	o.Ledger = l
	o.Progress = importer.NewMeter(c.err).Show
	summary, err := importer.Import(ctx, o)
	if err != nil {
		return err
	}
	if err := summary.Print(c.out); err != nil {
		return err
	}
	known := summary.Already.Documents + summary.Stock.AlreadyLots + summary.Products.Unchanged
	if summary.Rejected > 0 && known == 0 && !summary.Recorded() {
		return errors.New("importing: every row breaks a rule, so nothing was recorded; correct what is listed and import again")
	}
	return nil
}

// importLedger opens the ledger to import into, and makes it where there is
// none. A dry run that finds none works on one that is thrown away.
func (c *console) importLedger(ctx context.Context, dryRun bool) (*ledger.Ledger, func() error, error) {
	path, err := c.dataPath()
	if err != nil {
		return nil, nil, err
	}
	remove := func() error { return nil }
	dir, err := datadir.Open(path, !dryRun)
	var cfg *config.Config
	switch {
	case err == nil:
		cfg, err = c.settings(dir.Settings())
	case dryRun && errors.Is(err, datadir.ErrAbsent):
		cfg, err = c.settings(filepath.Join(path, config.FileName))
	}
	if err != nil {
		return nil, nil, err
	}
	if dryRun && (dir == nil || !dir.Has(dir.Ledger())) {
		if dir, remove, err = scratch(); err != nil {
			return nil, nil, err
		}
	}
	l, err := runner.OpenLedger(ctx, dir, cfg, true)
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return l, func() error { return errors.Join(l.Close(), remove()) }, nil
}

func scratch() (*datadir.Dir, func() error, error) {
	path, err := os.MkdirTemp("", "comptoir-dry-run-")
	if err != nil {
		return nil, nil, fmt.Errorf("making a place for the dry run: %w", err)
	}
	dir, err := datadir.Open(path, true)
	remove := func() error { return os.RemoveAll(path) }
	return dir, remove, err
}
