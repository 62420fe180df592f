package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"comptoir/local/datadir"
	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/local/notation"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/event"
)

type importFlags struct {
	profile, rejects, marked, stockDate, dates, decimal, who string
	dryRun, allOrNothing                                     bool
}

func (c *console) importFiles() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Record what workbooks and CSV files hold",
		Long: `Record what Excel workbooks (.xlsx) and CSV files (.csv, .csv.gz) hold: catalogue, then
clients, then stock, then invoices, whatever the order they are named in. What breaks a
rule is left out and listed with its cell and what to do; the rest is recorded. Importing
again what is recorded already records nothing twice. It works beside a running
` + "`comptoir run`" + `, which publishes what is recorded. comptoir template makes the workbook.`,
		Example: `  comptoir import --currency EUR books.xlsx --dry-run
  comptoir import books.xlsx --marked faults.xlsx
  comptoir import sales.csv --dates day-first --decimal comma --all-or-nothing
  comptoir import --profile online-retail products.csv stock.csv sales.csv.gz`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.runImport(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.profile, "profile", importer.Comptoir, "how the files are read: `NAME` is "+strings.Join(importer.Profiles(), " or "))
	cmd.Flags().StringVar(&f.dates, "dates", "", "how 03/04/2026 is read where its column does not tell: `ORDER` is day-first or month-first")
	cmd.Flags().StringVar(&f.decimal, "decimal", "", "how 1,234 is read where its column does not tell: `MARK` is comma or point")
	cmd.Flags().BoolVar(&f.allOrNothing, "all-or-nothing", false, "record nothing where anything is left out")
	cmd.Flags().StringVar(&f.marked, "marked", "", "write the workbook with its faults marked and commented to this `file`")
	cmd.Flags().StringVar(&f.who, "who", "import", "`who` brings the files: it is kept with every entry")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would happen and change nothing")
	cmd.Flags().StringVar(&f.rejects, "rejects", "", "write every rejected row to this CSV `file`")
	cmd.Flags().StringVar(&f.stockDate, "stock-date", "", "the `day` whose end a stock count is of (default: today)")
	return cmd
}

func (c *console) runImport(ctx context.Context, f importFlags, args []string) (err error) {
	o := importer.Options{Files: importer.Paths(args...), Profile: f.profile, Who: f.who, DryRun: f.dryRun, AllOrNothing: f.allOrNothing, Rejects: f.rejects, Marked: f.marked}
	if o.Dates, err = one("dates", f.dates, map[string]notation.Order{"": notation.EitherOrder, "day-first": notation.DayFirst, "month-first": notation.MonthFirst}); err != nil {
		return err
	}
	if o.Decimal, err = one("decimal", f.decimal, map[string]notation.Mark{"": notation.Either, "comma": notation.Comma, "point": notation.Point}); err != nil {
		return err
	}
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
	if summary.TakenBack {
		return errors.New("importing: nothing was recorded; correct what is listed and import again, or leave out --all-or-nothing to record the rest")
	}
	known := summary.Already.Documents + summary.Stock.AlreadyLots + summary.Products.Unchanged + summary.Clients.Unchanged
	if summary.Rejected > 0 && known == 0 && !summary.Recorded() {
		return errors.New("importing: every row breaks a rule, so nothing was recorded; correct what is listed and import again")
	}
	return nil
}

// one finds what a word of a flag means.
func one[T any](flag, word string, meanings map[string]T) (T, error) {
	v, ok := meanings[word]
	if !ok {
		var words []string
		for w := range meanings {
			if w != "" {
				words = append(words, w)
			}
		}
		slices.Sort(words)
		return v, usagef("--%s %s: write %s", flag, word, strings.Join(words, " or "))
	}
	return v, nil
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
