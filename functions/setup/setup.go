// Package setup makes what functions are put together from, out of settings, for
// every way of running them.
package setup

import (
	"comptoir/functions"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/state/mongostate"
)

// Rules returns the rules with the thresholds of the settings.
func Rules(cfg *config.Config, currency money.Currency) (functions.Config, error) {
	t, err := cfg.Thresholds(currency)
	if err != nil {
		return functions.Config{}, err
	}
	rules := functions.Defaults(currency)
	rules.PromoThreshold, rules.SilverThreshold, rules.GoldThreshold = t.Promo, t.Silver, t.Gold
	return rules, nil
}

// Functions returns the analytics with the thresholds of the settings.
func Functions(cfg *config.Config, currency money.Currency) ([]projection.Function, error) {
	rules, err := Rules(cfg, currency)
	if err != nil {
		return nil, err
	}
	return functions.All(rules), nil
}

// Collections are those that the functions write.
func Collections(all []projection.Function) []projection.Collection {
	c := []projection.Collection{projection.Checkpoints, projection.SettingsCollection}
	for _, f := range all {
		c = append(c, f.Collection)
	}
	return c
}

// MongoDB says which MongoDB keeps the state.
func MongoDB(cfg *config.Config) mongostate.Options {
	return mongostate.Options{URI: cfg.MongoURI, Database: cfg.MongoDatabase}
}

// Kafka says which Kafka the settings name, and how it is spoken to.
func Kafka(cfg *config.Config) (records.Config, error) {
	kafka := records.Config{Bootstrap: cfg.KafkaBootstrapServers, Topics: Topics(cfg), Groups: cfg.KafkaGroupPrefix}
	err := kafka.Secure(records.Security(cfg.KafkaSecurity))
	return kafka, err
}

// Topics gives the names of topics on Kafka.
func Topics(cfg *config.Config) records.Topics {
	return records.Topics{
		Sales: cfg.Topics[event.Sales], Inventory: cfg.Topics[event.Inventory], Clients: cfg.Topics[event.Clients],
		Heartbeats: cfg.Topics[event.Heartbeats], DeadLetters: cfg.Topics[event.DeadLetters],
	}
}
