package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"comptoir/admin"
	"comptoir/functions/query"
	"comptoir/local/publish"
	"comptoir/local/runner"
)

type publishFlags struct {
	page, names, watch bool
	every, keep        time.Duration
}

func (c *console) publish() *cobra.Command {
	var f publishFlags
	cmd := &cobra.Command{
		Use:   "publish DIR|s3://BUCKET[/PREFIX]",
		Short: "Write what the query API answers as files, for a page without a server",
		Long: `Write what the query API answers as files into a folder or a bucket: any web server or
object store can then show the shop, with the page beside them (--with-page). It only
reads the state, and needs nothing running. Whoever reads meanwhile sees one version
whole; files that did not change are not written again.

The names of clients are left out unless --with-names is given: think of who can read
the place. A bucket is reached as AWS's own tools reach it: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_PROFILE, and AWS_ENDPOINT_URL_S3 for other stores.`,
		Example: `  comptoir publish /var/www/shop --with-page
  comptoir publish s3://my-shop/figures --with-page --watch
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:7070 comptoir publish s3://shop`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runPublish(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().BoolVar(&f.page, "with-page", false, "put the manager's page there too")
	cmd.Flags().BoolVar(&f.names, "with-names", false, "publish the names of clients too")
	cmd.Flags().BoolVar(&f.watch, "watch", false, "publish again whenever the figures change, until Ctrl+C")
	cmd.Flags().DurationVar(&f.every, "every", 30*time.Second, "with --watch: how often at least, so that readers see that all is well")
	cmd.Flags().DurationVar(&f.keep, "keep", 10*time.Minute, "how long files stay that are no longer in use")
	return cmd
}

func (c *console) runPublish(ctx context.Context, to string, f publishFlags) (err error) {
	switch {
	case f.every < 5*time.Second || f.every > 24*time.Hour:
		return usagef("--every %s: give 5s to 24h", f.every)
	case f.keep < time.Second:
		return usagef("--keep %s: give a second or more", f.keep)
	}
	dir, cfg, err := c.open(false)
	if err != nil {
		return err
	}
	place, closer, err := openPlace(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	reader, err := runner.OpenReader(ctx, dir, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	o := publish.Options{
		Service: query.New(query.Config{Reader: reader, Today: cfg.Calendar().Today, Currency: cfg.Currency, Hold: -1, ReadTimeout: 5 * time.Minute}),
		Place:   place, Log: c.logger(cfg), Names: f.names, Keep: f.keep,
	}
	if f.page {
		o.Page = admin.Files()
	}
	if f.watch {
		o.Every = f.every
	}
	p, err := publish.Open(ctx, o)
	if err != nil {
		return err
	}
	if f.watch {
		return p.Watch(ctx)
	}
	r, err := p.Publish(ctx)
	if err != nil {
		return err
	}
	if r.ConfigKept {
		fmt.Fprintln(c.err, "config.json there is not ours and is left as it is: for the page to read these snapshots it has to say \"source\": \"snapshots\".")
	}
	_, err = fmt.Fprintf(c.out, "Published version %s to %s in %.1f s: %d files written (%s before compression), %d unchanged, %d old ones removed.\n",
		r.Version, place, r.Took.Seconds(), r.Written, humanize.Bytes(uint64(r.Bytes)), r.Unchanged, r.Removed)
	return err
}

// openPlace opens what a user named.
func openPlace(to string) (publish.Place, io.Closer, error) {
	if publish.IsBucket(to) {
		b, err := publish.OpenBucket(to, os.Getenv)
		if err != nil {
			return nil, nil, err
		}
		return b, io.NopCloser(nil), nil
	}
	d, err := publish.OpenDir(to)
	if err != nil {
		return nil, nil, err
	}
	return d, d, nil
}
