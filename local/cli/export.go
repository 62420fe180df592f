package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"comptoir/functions/query"
	"comptoir/local/datadir"
	"comptoir/local/runner"
	"comptoir/local/tables"
	"comptoir/shared/config"
	"comptoir/shared/money"
)

// The analytics that can be exported.
const (
	winners    = "product-winners"
	risks      = "loss-risk"
	promotions = "client-promotions"
)

var analytics = []string{winners, risks, promotions}

type exportFlags struct {
	window, format, language string
	all                      bool
}

func (c *console) export() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export ANALYTIC",
		Short: "Print what an analytic says, from the state",
		Long: `Print what an analytic says, from the state: product-winners, loss-risk (a line a lot)
or client-promotions. CSV and Excel's XLSX have amounts in major units and ratios in
percent; JSON is that of the query API: amounts in minor units, ratios in basis points.
With --language fr, CSV opens right in a French Excel: semicolons, decimal commas, a byte
order mark. It only reads, and needs nothing running.`,
		Example: `  comptoir export product-winners --window 30d > winners.csv
  comptoir export loss-risk --format json
  comptoir export loss-risk --format xlsx > risks.xlsx
  comptoir export client-promotions --language fr > clients.csv
  comptoir export client-promotions --all`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), oneOf("analytic", analytics)),
		ValidArgs: analytics,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runExport(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().StringVar(&f.window, "window", "30d", "`7d, 30d or all`, of product-winners")
	cmd.Flags().StringVar(&f.format, "format", "csv", "`csv, json or xlsx`")
	cmd.Flags().StringVar(&f.language, "language", "", "of CSV: `LANGUAGE` is en or fr (default en)")
	cmd.Flags().BoolVar(&f.all, "all", false, "also what is not ranked, not at risk or not eligible")
	return cmd
}

// oneOf refuses an argument that is none of a few.
func oneOf(what string, allowed []string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		for _, a := range args {
			if !slices.Contains(allowed, a) {
				return fmt.Errorf("there is no %s %q: name one of %s", what, a, strings.Join(allowed, ", "))
			}
		}
		return nil
	}
}

func (c *console) runExport(ctx context.Context, analytic string, f exportFlags) error {
	if !slices.Contains([]string{"csv", "json", "xlsx"}, f.format) {
		return usagef("there is no format %q: name csv, json or xlsx", f.format)
	}
	if !slices.Contains([]string{"", "en", "fr"}, f.language) {
		return usagef("there is no language %q: name en or fr", f.language)
	}
	if file, ok := c.out.(*os.File); ok && f.format == "xlsx" && term.IsTerminal(int(file.Fd())) {
		return usagef("a workbook cannot be shown on a terminal: write it to a file with > NAME.xlsx")
	}
	if !slices.Contains(query.Windows[:], query.Window(f.window)) {
		return usagef("there is no window %q: name 7d, 30d or all", f.window)
	}
	dir, cfg, err := c.open(false)
	if err != nil {
		return err
	}
	return c.withQuery(ctx, dir, cfg, func(s *query.Service) error {
		list := query.ListQuery{All: f.all, Limit: query.NoLimit}
		switch analytic {
		case winners:
			page, err := s.ProductWinners(ctx, query.WinnersQuery{Window: query.Window(f.window), ListQuery: list})
			return write(c, f, &page, page.Note, page.Currency, page.Items, winnerColumns, err)
		case risks:
			page, err := s.LossRisk(ctx, query.RiskQuery{ListQuery: list})
			return write(c, f, &page, page.Note, page.Currency, page.Items, riskColumns, err)
		default:
			page, err := s.ClientPromotions(ctx, query.ClientsQuery{ListQuery: list})
			return write(c, f, &page, page.Note, page.Currency, page.Items, clientColumns, err)
		}
	})
}

// withQuery opens the state to be read and hands on what answers from it.
func (c *console) withQuery(ctx context.Context, dir *datadir.Dir, cfg *config.Config, f func(*query.Service) error) (err error) {
	reader, err := runner.OpenReader(ctx, dir, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	err = f(query.New(query.Config{Reader: reader, Today: cfg.Calendar().Today}))
	// What the API tells its clients is for who cannot see its log; here is the log.
	if p := (*query.Problem)(nil); errors.As(err, &p) && p.Unwrap() != nil {
		return p.Unwrap()
	}
	return err
}

func write[P, T any](c *console, f exportFlags, page *P, note string, currency money.Currency, items []T, columns []column[T], err error) error {
	if err != nil {
		return err
	}
	if note != "" {
		fmt.Fprintln(c.err, note)
	}
	switch f.format {
	case "json":
		e := json.NewEncoder(c.out)
		e.SetEscapeHTML(false)
		return e.Encode(page)
	case "xlsx":
		return writeTable(func(heads []tables.Column) (tables.Writer, error) { return tables.Workbook(c.out, heads) }, currency, items, columns)
	}
	french := f.language == "fr"
	dialect := tables.Dialect{Semicolons: french, Excel: french}
	return writeTable(func(heads []tables.Column) (tables.Writer, error) { return tables.CSV(c.out, dialect, heads) }, currency, items, columns)
}
