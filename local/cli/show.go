package cli

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"comptoir/shared/config"
)

func (c *console) showConfig() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print every setting, its value and where that comes from",
		Long: `Print every setting, its value and where that comes from: flag, environment,
comptoir.env in the data directory, or default. Passwords are masked.`,
		Example: "  comptoir config --data ~/shop\n  comptoir config --tier-gold 50000",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path, err := c.dataPath()
			if err != nil {
				return err
			}
			file := filepath.Join(path, config.FileName)
			cfg, err := c.settings(file)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "# data directory: %s\n", path)
			for _, v := range cfg.Values {
				fmt.Fprintf(w, "%s=%s\t# %s\n", v.Setting.Name, v.Shown(), v.Origin)
			}
			return w.Flush()
		},
	}
}

func (c *console) showVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  comptoir version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := version
			if info, ok := debug.ReadBuildInfo(); ok && v == "unknown" {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v = s.Value
					}
				}
			}
			_, err := fmt.Fprintf(c.out, "comptoir %s (%s, %s/%s)\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
