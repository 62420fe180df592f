package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"comptoir/local/runner"
)

func (c *console) ledger() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "ledger",
		Short:   "What is done to the ledger itself",
		Example: "  comptoir ledger new-epoch",
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "new-epoch",
		Short: "Go on from an old copy of the ledger where Kafka or the state has more",
		Long: `After an old backup was restored, Kafka holds events that this ledger never recorded, and
run refuses to start. new-epoch gives the ledger a new source, under which its whole event
log is published again; what was published under the old one is passed over from then on.
What was recorded after the backup is lost. Nothing may run on the data directory, and
functions that run elsewhere are paused, until the rebuild that has to follow has ended.`,
		Example: "  comptoir restore /mnt/usb/shop-monday.db --data ~/shop\n  comptoir ledger new-epoch --data ~/shop\n  comptoir rebuild --data ~/shop\n  comptoir run --data ~/shop",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.runNewEpoch(cmd.Context()) },
	})
	return cmd
}

func (c *console) runNewEpoch(ctx context.Context) error {
	dir, cfg, err := c.open(false)
	if err != nil {
		return err
	}
	which, err := runner.NewEpoch(ctx, dir, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "The ledger goes on under a new source, because %s holds events that it never recorded.\nNow build the state anew, which publishes the event log first: comptoir rebuild --data %s\n", which, dir.Path())
	return err
}
