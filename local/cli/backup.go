package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/local/runner"
)

func (c *console) backup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the ledger into a file, while it is in use",
		Long: `Write the ledger as it is at this moment into a new file, and check that file. It works
beside a running run. Everything else, the broker's log and the state, comes from the
ledger; keep comptoir.env too if you have one.`,
		Example: "  comptoir backup /mnt/usb/shop-monday.db",
		Args:    oneArgument("the file to write, such as /mnt/usb/shop-monday.db"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.runBackup(cmd.Context(), args[0]) },
	}
}

func (c *console) runBackup(ctx context.Context, file string) error {
	return c.withLedger(ctx, func(l *ledger.Ledger) error {
		if err := l.Backup(ctx, file); err != nil {
			return err
		}
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "Wrote the ledger into %s (%s), and checked it.\n", file, humanize.IBytes(uint64(info.Size())))
		return err
	})
}

func (c *console) restore() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Begin a data directory with a backup",
		Long: `Check a backup and put it into a data directory that has no ledger yet. Then have
everything come from it again: comptoir republish --all, comptoir run.`,
		Example: "  comptoir restore /mnt/usb/shop-monday.db --data ~/shop\n  comptoir republish --all --data ~/shop\n  comptoir run --data ~/shop",
		Args:    oneArgument("the backup, such as /mnt/usb/shop-monday.db"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.runRestore(cmd.Context(), args[0]) },
	}
}

func (c *console) runRestore(ctx context.Context, file string) error {
	if err := ledger.Check(ctx, file); err != nil {
		return err
	}
	dir, cfg, err := c.open(true)
	if err != nil {
		return err
	}
	lease, err := dir.Acquire(datadir.Parts()...)
	if err != nil {
		return err
	}
	if err := errors.Join(copyLedger(file, dir), lease.Release()); err != nil {
		return err
	}
	l, err := runner.OpenLedger(ctx, dir, cfg, false)
	if err != nil {
		return err
	}
	heads, _, err := l.Heads(ctx)
	if err := errors.Join(err, l.Close()); err != nil {
		return err
	}
	var events int64
	for _, n := range heads {
		events += n
	}
	_, err = fmt.Fprintf(c.out, "Restored the ledger %s, in %s, with %s events.\nNow have everything come from it: comptoir republish --all --data %s, then comptoir run --data %s\n",
		l.ID(), l.Currency(), humanize.Comma(events), dir.Path(), dir.Path())
	return err
}

// copyLedger copies a backup to where a data directory has its ledger, as a whole
// or not at all.
func copyLedger(file string, dir *datadir.Dir) (err error) {
	to := dir.Ledger()
	doing := fmt.Sprintf("restoring %s into %s", file, dir.Path())
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: there is a ledger already, and it stays; name a new directory with --data DIR, or move this one away", doing)
	}
	from, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	made, err := os.CreateTemp(dir.Path(), ".restored-*")
	if err != nil {
		return fmt.Errorf("%s: %w; name a folder that you may write to", doing, err)
	}
	defer func() { _ = os.Remove(made.Name()) }() // it has another name by then, or is of no use
	_, err = io.Copy(made, from)
	if err := errors.Join(err, made.Sync(), made.Close()); err != nil {
		return fmt.Errorf("%s: %w; free some space and do it again", doing, err)
	}
	if err := os.Link(made.Name(), to); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
