// Package accountant is the web app in which a shop's books are kept: forms and
// lists over the ledger. Its pages work without a script; with it, totals are shown
// as they are typed and an entry's way to the manager's page is seen live.
package accountant

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/money"
)

// Config is what the app is made of. Ledger is required.
type Config struct {
	Ledger *ledger.Ledger
	// Progress tells what was counted; nil where no state is to be read.
	Progress Progress
	// Acknowledged gives the last sequence of each stream that Kafka has acknowledged,
	// which the ledger notes a moment later; may be nil.
	Acknowledged func() map[string]int64
	// Wake is called after each entry, so that it is published at once; may be nil.
	Wake func()
	// Who is the name under which entries are recorded until another one is given.
	Who string
	// PasswordHash is what bcrypt made of the password; "" asks for none, which is
	// for loopback alone.
	PasswordHash string
	// Hosts are the names, besides addresses and localhost, by which the app may be
	// asked for. Any other one is refused: it may be a foreign page's.
	Hosts []string
	// TaxRate is what the lines of a product begin with that has no rate of its own.
	TaxRate money.BasisPoints
	// Uploads is the folder for files that are brought to be imported; the system's
	// temporary one where "".
	Uploads string
	// Manager is the address of the manager's page; "" where it is not known.
	Manager func() string
	Log     *slog.Logger
}

// App serves the accountant's pages.
type App struct {
	c         Config
	ledger    *ledger.Ledger
	assets    *assets
	templates map[Language]*template.Template
	products  *index[ledger.Listed]
	clients   *index[ledger.Client]
	door      *door
	delivery  *tracker
	uploads   jobs
	voids     voids
}

// New prepares the app. An error is that of files that are not as they were built.
func New(c Config) (*App, error) {
	if c.Ledger == nil {
		return nil, errors.New("preparing the accountant's app: it needs a ledger")
	}
	if c.Wake == nil {
		c.Wake = func() {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Who == "" {
		c.Who = "accountant"
	}
	a := &App{c: c, ledger: c.Ledger, door: newDoor(c.PasswordHash), delivery: newTracker(c)}
	a.products = newIndex(c.Ledger.ProductsSince, func(p ledger.Listed) (string, []string) {
		return p.ID, append([]string{p.ID, p.Name}, p.Barcodes...)
	})
	a.clients = newIndex(c.Ledger.ClientsSince, func(v ledger.Client) (string, []string) { return v.ID, []string{v.ID, v.Name} })
	var err error
	if a.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if a.templates, err = a.parseTemplates(); err != nil {
		return nil, err
	}
	return a, nil
}

// Handler returns the app's pages, with all that guards them.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, f func(*request) error) { mux.Handle(pattern, a.handle(f)) }
	page("GET /{$}", func(r *request) error { return r.redirect("/sales/new") })
	a.saleRoutes(page)
	a.returnRoutes(page)
	a.stockRoutes(page)
	a.entryRoutes(page)
	a.catalogueRoutes(page)
	a.importRoutes(page)
	a.settingsRoutes(page)
	mux.Handle("GET /assets/", a.assets)
	page("/", func(r *request) error { return r.missing() })
	return a.guard(mux)
}

// Server answers the app's pages. What is watched live ends with ctx, so that a
// server that ends need not wait for it.
func (a *App) Server(ctx context.Context) *http.Server {
	return &http.Server{
		Handler: a.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(a.c.Log.Handler(), slog.LevelWarn),
	}
}

// ReadAhead reads the catalogue, for which the first word that is typed is not to wait.
func (a *App) ReadAhead(ctx context.Context) {
	_, _, products := a.products.get(ctx, "")
	_, _, clients := a.clients.get(ctx, "")
	if err := errors.Join(products, clients); err != nil && ctx.Err() == nil {
		a.c.Log.Warn("accountant: the catalogue could not be read ahead", "error", err)
	}
}

// Close ends imports, and voids of imports, that are running. The app answers nothing any more.
func (a *App) Close() {
	a.uploads.stop()
	a.voids.stop()
}
