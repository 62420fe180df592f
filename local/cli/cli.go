// Package cli is the `comptoir` command: it reads flags and settings, calls the
// parts, and turns what they return into lines and exit codes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"comptoir/local/datadir"
	"comptoir/shared/config"
	"comptoir/shared/logs"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// version is set by the linker.
var version = "unknown"

// console is what a command talks to: results go to out, everything else to err.
type console struct {
	in  io.Reader
	out io.Writer
	err *os.File

	data    string // --data
	pprof   string // --pprof
	flags   *pflag.FlagSet
	started bool // the command line was right, and the command's own work began

	endProfile func() error // nil where nothing is profiled
}

// usageError is a command line that was wrong in a way that only the command itself sees.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errQuiet ends a command that has said what was wrong already.
var errQuiet = errors.New("failed")

// Main runs one command line and returns the exit code: 0 done, 1 failed, 2
// used wrongly. The first Ctrl+C or SIGTERM ends the command's context, a second one ends
// the process at once.
func Main(args []string, in io.Reader, out io.Writer, stderr *os.File) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(stderr, "comptoir: stopped at once")
		os.Exit(exitFailed)
	}()

	c := &console{in: in, out: out, err: stderr}
	root := c.root()
	root.SetArgs(args)
	ran, err := root.ExecuteContextC(ctx)
	if c.endProfile != nil {
		err = errors.Join(err, c.endProfile())
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errQuiet):
		return exitFailed
	}
	fmt.Fprintf(stderr, "comptoir: %s\n", sentence(ctx, err))
	var usage usageError
	var faults config.FaultsError
	if !c.started || errors.As(err, &usage) {
		fmt.Fprintf(stderr, "See `%s --help`.\n", ran.CommandPath())
		return exitUsage
	}
	if errors.As(err, &faults) {
		return exitUsage
	}
	return exitFailed
}

// sentence makes one line of an error, and says plainly that it was the user
// who stopped the command where that is so.
func sentence(ctx context.Context, err error) string {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return "stopped before it was done; what was finished is kept, run it again to go on"
	}
	text := err.Error()
	var faults config.FaultsError
	if errors.As(err, &faults) {
		return text // a list, a line each
	}
	var parts []string
	for line := range strings.Lines(text) { // joined errors, suggestions
		if line = strings.TrimSpace(line); line != "" {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, "; ")
}

func (c *console) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "comptoir",
		Short: "Live answers from a shop's books",
		Long: `Comptoir turns what a shop's accountant records into live answers for its manager:
which products earn the money, which stock is about to lose it, which clients
deserve a promotion.

Every setting that ` + "`comptoir config`" + ` lists may be given as a flag of any command, in the
environment, or in comptoir.env in the data directory: TIER_GOLD is --tier-gold.`,
		Example: `  comptoir demo                      a real year, imported and served
  comptoir run                       everything, on your own data directory
  comptoir import books.xlsx         what the accountant wrote down`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) (err error) {
			c.started = true
			if c.pprof != "" {
				c.endProfile, err = profile(c.pprof)
			}
			return err
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	c.flags = root.PersistentFlags()
	c.flags.StringVar(&c.data, "data", "", "the data directory `DIR` (default: the user's own, which comptoir config names)")
	c.flags.StringVar(&c.pprof, "pprof", "", "write cpu.pprof, heap.pprof and runtime.tsv of the command into `DIR`")
	for _, s := range config.Settings() {
		if s.Deployed {
			continue
		}
		c.flags.String(s.Flag(), "", s.Purpose)
		if err := c.flags.MarkHidden(s.Flag()); err != nil {
			panic(err) // the flag was declared on the line above
		}
	}
	root.AddCommand(c.demo(), c.run(), c.importFiles(), c.imports(), c.template(), c.send(), c.export(), c.publish(), c.status(), c.doctor(),
		c.verify(), c.rebuild(), c.republish(), c.deadLetters(), c.backup(), c.restore(), c.ledger(), c.migrate(), c.password(), c.showConfig(), c.showVersion())
	return root
}

// settings resolves the configuration: flags, environment, the directory's
// file, defaults.
func (c *console) settings(settingsFile string) (*config.Config, error) {
	given := map[string]string{}
	for _, s := range config.Settings() {
		if f := c.flags.Lookup(s.Flag()); f != nil && f.Changed {
			given[s.Name] = f.Value.String()
		}
	}
	file, err := config.File(settingsFile)
	if err != nil {
		return nil, err
	}
	return config.Load(config.Map("flag", given), config.Environment(), file)
}

// dataPath is the folder that --data names, or the user's own.
func (c *console) dataPath() (string, error) {
	if c.data != "" {
		return c.data, nil
	}
	return datadir.Default()
}

// open opens the data directory and its configuration.
func (c *console) open(create bool) (*datadir.Dir, *config.Config, error) {
	path, err := c.dataPath()
	if err != nil {
		return nil, nil, err
	}
	dir, err := datadir.Open(path, create)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := c.settings(dir.Settings())
	return dir, cfg, err
}

func (c *console) logger(cfg *config.Config) *slog.Logger {
	return logs.New(c.err, cfg.LogFormat, cfg.LogLevel)
}
