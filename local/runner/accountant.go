package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strings"

	"comptoir/functions"
	"comptoir/functions/query"
	"comptoir/local/accountant"
	"comptoir/local/datadir"
	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// openAccountant prepares the accountant's app and takes its address. Nobody from
// outside this machine may write in the books without a password.
func (a *App) openAccountant(ctx context.Context) error {
	if !a.runs(datadir.Accountant) {
		return nil
	}
	hash, err := os.ReadFile(a.o.Dir.Password())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the accountant's password: %w; set it again with `comptoir password`", err)
	}
	if len(hash) == 0 && !accountant.Loopback(a.o.Config.AccountantAddr) {
		return fmt.Errorf("ACCOUNTANT_ADDR=%s can be reached from other machines, and there is no password: set one with `comptoir password`, or leave the address at this machine's own, 127.0.0.1", a.o.Config.AccountantAddr)
	}
	reader := a.reader
	if reader == nil {
		if reader, err = OpenReader(ctx, a.o.Dir, a.o.Config); err != nil {
			return err
		}
		a.closers = append(a.closers, reader.Close)
	}
	all := a.o.Functions
	if all == nil {
		all = functions.All(functions.Defaults(a.currency))
	}
	var acknowledged func() map[string]int64
	if a.relay != nil {
		acknowledged = func() map[string]int64 { return a.relay.Status().Streams }
	}
	// What a process that was killed left of uploads: nobody knows it any more.
	if err := os.RemoveAll(a.o.Dir.Uploads()); err != nil {
		return fmt.Errorf("removing old uploads: %w; remove %s by hand", err, a.o.Dir.Uploads())
	}
	if a.books, err = accountant.New(accountant.Config{
		Ledger: a.ledger, Progress: &counted{reader, all, a.ledger.Source()}, Acknowledged: acknowledged, Wake: a.Wake, Who: userName(), PasswordHash: strings.TrimSpace(string(hash)), Uploads: a.o.Dir.Uploads(),
		Hosts: a.o.Config.AccountantHosts, TaxRate: a.o.Config.TaxRate, Manager: a.managersPage, Log: a.o.Log,
	}); err != nil {
		return err
	}
	if a.desk, err = listen(ctx, a.o.Config, "ACCOUNTANT_ADDR", a.o.Config.AccountantAddr); err != nil {
		return err
	}
	a.closers = append(a.closers, func() error {
		if err := a.desk.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil // the server closed it when it stopped
	})
	return a.lease.Announce(datadir.Accountant, a.AccountantURL())
}

// userName is who uses this machine, under whose name entries are recorded at first.
func userName() string {
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return ""
	}
	return u.Username
}

// managersPage is its address, where the query API runs in this process and the page
// can be reached from where the app can.
func (a *App) managersPage() string {
	if a.QueryURL() == "" {
		return ""
	}
	return a.QueryURL() + "/"
}

// AccountantURL is where the accountant's app is, such as http://127.0.0.1:8481; ""
// where it is not run.
func (a *App) AccountantURL() string {
	if a.desk == nil {
		return ""
	}
	return "http://" + a.desk.Addr().String()
}

// counted tells what of a ledger's events the documents of the state hold.
type counted struct {
	reader query.Reader
	all    []projection.Function
	source string
}

// Counted implements accountant.Progress: an event is counted where the document of
// its entity says that its revision was applied.
func (c *counted) Counted(ctx context.Context, events []ledger.Sent) ([]accountant.Counted, error) {
	live, err := query.Live(ctx, c.reader)
	if err != nil {
		return nil, err
	}
	var told []accountant.Counted
	for i := range c.all {
		f := &c.all[i]
		one := accountant.Counted{Analytic: f.Name}
		heads := map[string]*projection.Header{}
		for _, e := range events {
			if !f.Uses(e.Type) {
				continue
			}
			one.Takes++
			if heads[e.Key] == nil {
				if heads[e.Key], err = head(ctx, live, f.Collection.Name, e.Key); err != nil {
					return nil, err
				}
			}
			if holds(heads[e.Key], c.source, e.Type.Family(), e.Revision) {
				one.Holds++
			}
		}
		if one.Takes > 0 {
			told = append(told, one)
		}
	}
	return told, nil
}

// head reads the header of a document; that of one which is not there is empty.
func head(ctx context.Context, r query.Reader, collection, id string) (*projection.Header, error) {
	h := &projection.Header{}
	raw, ok, err := r.Get(ctx, collection, id)
	if errors.Is(err, state.ErrNothingYet) || (err == nil && !ok) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, h); err != nil {
		return nil, fmt.Errorf("reading the document %s of %s: %w", id, collection, err)
	}
	return h, nil
}

func holds(h *projection.Header, source string, family event.Family, revision int64) bool {
	for i := range h.Sources {
		if s := &h.Sources[i]; s.Source == source && s.Family == family {
			return s.Has(revision)
		}
	}
	return false
}
