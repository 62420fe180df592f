// Package publish uses `comptoir publish` as a shop does: the built command, a real
// object store, and readers who come by HTTP.
package publish

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/test/command"
	"comptoir/test/harness"
)

var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		scratch, err := os.MkdirTemp("", "comptoir-publish-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(scratch)
		binary = filepath.Join(scratch, "comptoir")
		if err := command.Build(context.Background(), "", binary); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

const (
	products = 200
	client   = "The bakery"
	patience = 90 * time.Second
)

var today = event.NewDate(2026, 3, 16)

// shop is a shop at work, on the embedded defaults.
type shop struct {
	*harness.Shop
	sold int
}

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{Shop: harness.New(t, map[string]string{"CURRENCY": "EUR", "BUSINESS_TIMEZONE": "Europe/Paris", "BUSINESS_DATE": today.String(), "KAFKA_BOOTSTRAP_SERVERS": "", "MONGODB_URI": ""})}
	s.Start()
	s.record(func(tx *ledger.Tx) error {
		for n := range products {
			if _, err := tx.PutProduct(ledger.Product{ID: fmt.Sprintf("P%03d", n), Name: fmt.Sprintf("Thé nº %d", n), Kind: event.KindStock, BuyPrice: money.Some(300), SellPrice: money.Some(500)}); err != nil {
				return err
			}
		}
		_, err := tx.PutClient(ledger.Client{ID: "C1", Name: client})
		return err
	})
	s.sell()
	s.Level()
	return s
}

func (s *shop) record(f func(*ledger.Tx) error) {
	s.T.Helper()
	if err := s.App.Ledger().Record(context.Background(), "accountant", f); err != nil {
		s.T.Error(err)
	}
}

// sell sells one product for 5.00 to the client.
func (s *shop) sell() {
	s.T.Helper()
	s.sold++
	s.record(func(tx *ledger.Tx) error {
		_, err := tx.Invoice(ledger.Invoice{Client: "C1", Date: today, Lines: []ledger.Line{
			{Product: fmt.Sprintf("P%03d", s.sold%products), Quantity: money.PerUnit, UnitPrice: 500 * money.PricePerMinor},
		}})
		return err
	})
	s.App.Wake()
}

// run is one run of `comptoir publish`.
type run struct {
	*command.Process
	t *testing.T
}

// publish starts the command with nothing of the tester's own environment.
func (s *shop) publish(t *testing.T, env map[string]string, args ...string) *run {
	t.Helper()
	settings := map[string]string{"CURRENCY": "EUR", "BUSINESS_TIMEZONE": "Europe/Paris", "BUSINESS_DATE": today.String(), "LOG_FORMAT": "text", "LOG_LEVEL": "debug"}
	maps.Copy(settings, env)
	p, err := command.Start(binary, t.TempDir(), settings, append([]string{"publish", "--data", s.Path}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return &run{Process: p, t: t}
}

// said is all that the run printed.
func (r *run) said() string { return r.Out.String() + r.Err.String() }

// exits waits for the end and demands an exit code.
func (r *run) exits(code int) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := r.Wait(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	if got != code {
		r.t.Fatalf("exit %d, want %d:\n%s", got, code, r.said())
	}
	return r.said()
}

// refuses demands exit 1 with one sentence that has all of parts in it.
func (r *run) refuses(parts ...string) {
	r.t.Helper()
	said := r.exits(1)
	if strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "comptoir: ") {
		r.t.Errorf("want one sentence:\n%s", said)
	}
	for _, part := range parts {
		if !strings.Contains(said, part) {
			r.t.Errorf("it does not say %q: %s", part, said)
		}
	}
	r.t.Log(strings.TrimSpace(said))
}

func (r *run) eventually(what string, f func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(20 * time.Millisecond) {
		if !r.Running() {
			r.t.Fatalf("it ended before %s:\n%s", what, r.said())
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("it never came to be: %s:\n%s", what, r.said())
		}
	}
}
