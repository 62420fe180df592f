package functions_test

import (
	"testing"

	"comptoir/functions"
	"comptoir/shared/event"
)

// TestRegistry holds what deployments, the state and the query function rely on.
func TestRegistry(t *testing.T) {
	want := map[string]string{
		"product-winners": "product_winners", "loss-risk": "loss_risk_products", "client-promotions": "clients", "freshness": "heartbeats",
	}
	all := functions.All(functions.Defaults("GBP"))
	if len(all) != len(want) {
		t.Fatalf("%d functions, want %d", len(all), len(want))
	}
	used := map[event.Type]bool{}
	for _, f := range all {
		if f.Collection.Name != want[f.Name] {
			t.Errorf("%s keeps its documents in %q, want %q", f.Name, f.Collection.Name, want[f.Name])
		}
		if f.RulesHash == "" || f.Apply == nil || f.Review == nil || f.Collection.New().Head() == nil {
			t.Errorf("%s is not complete", f.Name)
		}
		reads := map[event.Topic]bool{}
		for _, topic := range f.Topics {
			reads[topic] = true
		}
		for _, typ := range f.Types {
			used[typ] = true
			if !reads[typ.Topic()] {
				t.Errorf("%s uses %s and does not read %s", f.Name, typ, typ.Topic())
			}
		}
		for topic := range reads {
			found := false
			for _, typ := range f.Types {
				found = found || typ.Topic() == topic
			}
			if !found {
				t.Errorf("%s reads %s and uses nothing of it", f.Name, topic)
			}
		}
	}
	for _, typ := range event.Types() {
		if !used[typ] {
			t.Errorf("no function uses %s", typ)
		}
	}
}

// TestHashFollowsTheThresholds: each threshold changes the hash of its function and
// of no other.
func TestHashFollowsTheThresholds(t *testing.T) {
	hashes := func(cfg functions.Config) map[string]string {
		m := map[string]string{}
		for _, f := range functions.All(cfg) {
			m[f.Name] = f.RulesHash
		}
		return m
	}
	usual := hashes(functions.Defaults("GBP"))
	for name, change := range map[string]struct {
		function string
		to       func(*functions.Config)
	}{
		"promotion": {"client-promotions", func(c *functions.Config) { c.PromoThreshold++ }},
		"silver":    {"client-promotions", func(c *functions.Config) { c.SilverThreshold++ }},
		"gold":      {"client-promotions", func(c *functions.Config) { c.GoldThreshold++ }},
		"expiring":  {"loss-risk", func(c *functions.Config) { c.ExpiringDays++ }},
		"watch":     {"loss-risk", func(c *functions.Config) { c.WatchDays++ }},
		"dead":      {"loss-risk", func(c *functions.Config) { c.DeadDays++ }},
	} {
		cfg := functions.Defaults("GBP")
		change.to(&cfg)
		for f, hash := range hashes(cfg) {
			if changed := hash != usual[f]; changed != (f == change.function) {
				t.Errorf("%s: the hash of %s changed: %t", name, f, changed)
			}
		}
	}
}
