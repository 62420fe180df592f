package query_test

import (
	"testing"
	"time"

	"comptoir/functions/query"
)

// A rebuild swaps the epochs between the parts of an answer: each answer is of the
// old one as a whole, or of the new one, and none is of the old one again after that.
func TestAnAnswerIsOfOneEpoch(t *testing.T) {
	m := &memory{docs: corner()}
	for _, name := range []string{"product_winners", "loss_risk_products", "clients", "checkpoints", "heartbeats"} {
		m.docs[name+"_e2"], m.docs[name+"_e3"] = m.docs[name], map[string]string{}
	}
	m.set("product_winners_e3", "22423", productOf("rebuilt", "stock", window("1", 7, 0)))
	m.set("clients_e3", "anew", `{"version":1,"day":"2026-03-10","tier":"gold","eligible":true,"revenue":5}`)
	m.set("loss_risk_products_e3", "22423", `{"version":1,"day":"2026-03-10","lots":[]}`)
	s := newService(t, m, func(c *query.Config) { c.Hold = time.Hour })
	before := read[query.Status](t, s.Handler(), "/v1/status")
	m.set("settings", "state", `{"currency":"GBP","epoch":3}`)

	// What is held is of the second epoch, also what of it is read only now.
	winners := read[query.WinnersPage](t, s.Handler(), "/v1/product-winners")
	clients := read[query.ClientsPage](t, s.Handler(), "/v1/client-promotions")
	risks := read[query.RiskPage](t, s.Handler(), "/v1/loss-risk")
	one := read[query.WinnerDetail](t, s.Handler(), "/v1/product-winners/22423")
	if winners.Version != before.Version || winners.Items[0].Name == "rebuilt" || clients.Version != before.Version || clients.Total == 0 || clients.Items[0].ClientID == "anew" || risks.Total == 0 || risks.Version != before.Version || one.Name == "rebuilt" {
		t.Errorf("an answer of version %s holds what the next epoch has: %+v %+v %+v %+v", clients.Version, winners.Items, clients.Items, risks.Items, one)
	}
	s = newService(t, m)
	after := read[query.WinnersPage](t, s.Handler(), "/v1/product-winners?all=true")
	clients = read[query.ClientsPage](t, s.Handler(), "/v1/client-promotions")
	if after.Version <= before.Version || after.Total != 1 || after.Items[0].Name != "rebuilt" || clients.Total != 1 || clients.Items[0].ClientID != "anew" {
		t.Errorf("of the third epoch, version %s after %s: %+v %+v", after.Version, before.Version, after.Items, clients.Items)
	}
}
