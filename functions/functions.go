// Package functions lists the analytics. A new one is a folder beside this file and
// a line in All.
package functions

import (
	"comptoir/functions/clientpromotions"
	"comptoir/functions/freshness"
	"comptoir/functions/lossrisk"
	"comptoir/functions/productwinners"
	"comptoir/shared/money"
	"comptoir/shared/projection"
)

// Config is what can be set of the rules. Take Defaults and change what differs.
type Config struct {
	// Currency is that of the state and of the amounts below.
	Currency money.Currency
	// PromoThreshold is the revenue, in minor units, over which a client is eligible
	// for a promotion; SilverThreshold and GoldThreshold are those of the tiers.
	PromoThreshold, SilverThreshold, GoldThreshold money.Amount
	// ExpiringDays and WatchDays are how many days before its expiry a lot is flagged
	// so, DeadDays after how many days without a movement it is dead.
	ExpiringDays, WatchDays, DeadDays int
}

// Defaults returns the rules as they are where nothing else is set.
func Defaults(currency money.Currency) Config {
	client, stock := clientpromotions.Defaults(currency), lossrisk.Defaults()
	return Config{
		Currency:       currency,
		PromoThreshold: client.Promotion, SilverThreshold: client.Silver, GoldThreshold: client.Gold,
		ExpiringDays: stock.Expiring, WatchDays: stock.Watch, DeadDays: stock.Dead,
	}
}

// All returns every function that folds events, one line each. The values hold no
// state; each call makes new ones.
func All(cfg Config) []projection.Function {
	return []projection.Function{
		productwinners.New(),
		lossrisk.New(lossrisk.Thresholds{Expiring: cfg.ExpiringDays, Watch: cfg.WatchDays, Dead: cfg.DeadDays}),
		clientpromotions.New(clientpromotions.Thresholds{Promotion: cfg.PromoThreshold, Silver: cfg.SilverThreshold, Gold: cfg.GoldThreshold}),
		freshness.New(),
	}
}
