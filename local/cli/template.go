package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"comptoir/local/importer"
)

func (c *console) template() *cobra.Command {
	language := ""
	cmd := &cobra.Command{
		Use:   "template FILE.xlsx",
		Short: "Make the workbook to fill in",
		Long: `Make the workbook to fill in and to import: the sheets Products, Clients, Invoices,
Invoice_Details and Stock with their headers, notes and drop-downs, and a sheet that says
what each column is, with an example. A file that exists is left alone.`,
		Example: "  comptoir template books.xlsx\n  comptoir template comptes.xlsx --language fr",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			chosen, err := one("language", language, map[string]importer.Language{"": importer.English, "en": importer.English, "fr": importer.French})
			if err != nil {
				return err
			}
			if err := importer.WriteTemplate(args[0], chosen); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.out, "%s is ready to be filled in; then: comptoir import %s --dry-run\n", args[0], args[0])
			return err
		},
	}
	cmd.Flags().StringVar(&language, "language", "", "of its headers and notes: `LANGUAGE` is en or fr (default en)")
	return cmd
}
