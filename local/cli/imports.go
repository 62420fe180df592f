package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/shared/money"
)

func (c *console) imports() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "imports",
		Short:   "The history of imports, and the voiding of one as a whole",
		Example: "  comptoir imports list\n  comptoir imports show 3\n  comptoir imports void 3 --reason 'the wrong month'",
	}
	cmd.AddCommand(c.listImports(), c.showImport(), c.voidImport())
	return cmd
}

func (c *console) listImports() *cobra.Command {
	limit := 20
	cmd := &cobra.Command{
		Use: "list", Short: "List who imported what, and when", Example: "  comptoir imports list --limit 100", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				all, err := l.Imports(cmd.Context(), limit)
				if err != nil {
					return err
				}
				return c.printImports(all, l.Currency())
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most `N`, the newest first")
	return cmd
}

func (c *console) printImports(all []ledger.Import, currency money.Currency) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(c.out, "Nothing was imported yet.")
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "import\tbegun\twho\tinvoices\tcredit notes\tnet %s\trejected\tstate\tfiles\n", currency)
	for _, v := range all {
		names := make([]string, len(v.Files))
		for i, f := range v.Files {
			names[i] = clean(f.Name)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%s\t%d\t%s\t%s\n", v.ID, v.Begun.Format(time.DateTime), clean(v.Who), v.Entries.Invoices, v.Entries.CreditNotes,
			grouped(v.Entries.Net, currency), v.Rejected, importState(v), strings.Join(names, " "))
	}
	return w.Flush()
}

func importState(v ledger.Import) string {
	switch {
	case v.Void.Reason != "":
		return "voided"
	case v.Ended.IsZero():
		return "stopped or under way"
	}
	return "done"
}

func (c *console) showImport() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show an import, its files and its entries", Example: "  comptoir imports show 3", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := importNumber(args[0])
			if err != nil {
				return err
			}
			return c.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				v, ok, err := l.Import(cmd.Context(), id)
				if err != nil {
					return err
				}
				if !ok {
					return fmt.Errorf("showing the import %d: there is none of that number: see comptoir imports list", id)
				}
				return c.printImport(cmd.Context(), l, v)
			})
		},
	}
}

func importNumber(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usagef("%q is not the number of an import: see comptoir imports list", text)
	}
	return id, nil
}

func (c *console) printImport(ctx context.Context, l *ledger.Ledger, v ledger.Import) error {
	fmt.Fprintf(c.out, "Import %d by %s, profile %s, begun %s UTC: %s\n", v.ID, clean(v.Who), v.Profile, v.Begun.Format(time.DateTime), importState(v))
	for _, f := range v.Files {
		fmt.Fprintf(c.out, "  %s, %d bytes, SHA-256 %s\n", clean(f.Name), f.Bytes, f.SHA256)
	}
	fmt.Fprintf(c.out, "%d rows, %d rejected, %d documents recorded before\n", v.Rows, v.Rejected, v.Already)
	fmt.Fprintf(c.out, "Recorded: %d products, %d clients, %d counts, %d invoices, %d credit notes; net %s %s\n",
		v.Entries.Products, v.Entries.Clients, v.Entries.Counts, v.Entries.Invoices, v.Entries.CreditNotes, grouped(v.Entries.Net, l.Currency()), l.Currency())
	if v.Entries.VoidedDocuments > 0 {
		fmt.Fprintf(c.out, "Voided since: %d documents\n", v.Entries.VoidedDocuments)
	}
	if v.Void.Reason != "" {
		fmt.Fprintf(c.out, "Voided as a whole by %s at %s UTC: %s\n", clean(v.Void.Who), v.Void.At.Format(time.DateTime), clean(v.Void.Reason))
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	const page = 1000
	for after := int64(0); ; {
		entries, err := l.ImportEntries(ctx, v.ID, after, page)
		if err != nil {
			return err
		}
		for _, e := range entries {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", e.ID, e.Date, e.Kind, clean(e.Subject), clean(e.Reference))
			after = e.ID
		}
		if len(entries) < page {
			return w.Flush()
		}
	}
}

func (c *console) voidImport() *cobra.Command {
	var reason, who string
	cmd := &cobra.Command{
		Use: "void ID --reason REASON", Short: "Void the documents of an import as a whole",
		Long: `Void the documents of an import as a whole, the last one first, each by an entry of its
own. Nothing is deleted: their numbers stay taken. What an import recorded of products,
clients and stock counts stays; what cannot be voided is listed with what to do.`,
		Example: "  comptoir imports void 3 --reason 'the wrong month'", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := importNumber(args[0])
			if err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" {
				return usagef("a void says why: add --reason REASON")
			}
			return c.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				meter := importer.NewMeter(c.err)
				v, err := l.VoidImport(cmd.Context(), id, who, reason, func(done, total int) { meter.Show(importer.Step{Stage: "voiding", Done: done, Total: total}) })
				meter.Show(importer.Step{Stage: "voiding", Ended: true})
				if err != nil {
					return fmt.Errorf("voiding the import %d: documents voided: %d; the same again goes on: %w", id, v.Voided, err)
				}
				return c.printVoided(v)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why: the `reason` is kept with every void")
	cmd.Flags().StringVar(&who, "who", "import", "`who` voids it")
	return cmd
}

func (c *console) printVoided(v ledger.VoidedImport) error {
	fmt.Fprintf(c.out, "documents voided: %d, before: %d\n", v.Voided, v.Already)
	if v.Voided+v.Already > 0 {
		fmt.Fprintln(c.out, "their numbers stay taken: in a corrected file, give the documents other numbers, such as F-1-2 for F-1")
	}
	if n := v.Products + v.Clients; n > 0 {
		fmt.Fprintf(c.out, "entries of products and clients that stay: %d; change or archive them where they are wrong\n", n)
	}
	if v.Counts > 0 {
		fmt.Fprintf(c.out, "stock counts that stay: %d; a new count takes their place\n", v.Counts)
	}
	for _, k := range v.Kept {
		fmt.Fprintf(c.out, "%s stays: %s\n", k.Document, k.Why)
	}
	if len(v.Kept) > 0 {
		return fmt.Errorf("voiding: documents that could not be voided: %d; do what is listed, and the same again", len(v.Kept))
	}
	return nil
}
