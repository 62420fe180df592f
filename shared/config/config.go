// Package config declares every setting once, reads them from flags, the
// environment and a data directory's file, and reports all faults together.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// FileName is the file in a data directory that keeps settings with it.
const FileName = "comptoir.env"

// Config is what the settings say, checked. Its zero value is not usable: Load
// makes one.
type Config struct {
	// KafkaBootstrapServers is empty where the embedded broker is wanted.
	KafkaBootstrapServers []string
	// KafkaGroupPrefix begins the names of the functions' consumer groups.
	KafkaGroupPrefix string
	// KafkaSecurity says how that Kafka is spoken to.
	KafkaSecurity KafkaSecurity
	// Topics gives the name on Kafka of each logical topic.
	Topics            map[event.Topic]string
	Partitions        int
	ReplicationFactor int
	BrokerAddr        string

	// MongoURI is "" where the embedded state is wanted.
	MongoURI      string
	MongoDatabase string

	// Currency is "" where it was not set: a data directory knows its own.
	Currency money.Currency
	// Zone is the calendar of the shop.
	Zone *time.Location
	// BusinessDate fixes what today is; NoDate follows the clock.
	BusinessDate event.Date

	// The thresholds are in major units: ask Thresholds for amounts.
	promo, silver, gold string
	RulesVersion        int64

	BatchMaxRecords                   int
	HeartbeatInterval, ReviewInterval time.Duration

	QueryAddr          string
	CORSAllowedOrigins []string

	// AccountantAddr is where the accountant's app listens; AccountantHosts are the names,
	// besides addresses and this machine's own, by which it may be asked for.
	AccountantAddr  string
	AccountantHosts []string
	// TaxRate is that of products which have none of their own.
	TaxRate money.BasisPoints

	// Function, Port, ShutdownGrace and EventPatience are those of a function that is
	// deployed by itself.
	Function                     string
	Port                         int
	ShutdownGrace, EventPatience time.Duration

	LogLevel  slog.Level
	LogFormat string

	// Values holds every setting as it was resolved, in the order of Settings.
	Values []Value
}

// KafkaSecurity is how a Kafka is spoken to: whether by TLS, and as whom.
type KafkaSecurity struct {
	// Protocol is PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
	Protocol string
	// Mechanism, Username and Password are for the protocols with SASL.
	Mechanism, Username, Password string
	// CAFile is "" where the machine's own authorities will do.
	CAFile string
}

// Value is one setting with what it is and who said so.
type Value struct {
	Setting Setting
	Text    string
	// Origin is "default", "flag", "environment" or a file's path.
	Origin string
}

// Shown returns the text of the value with passwords masked.
func (v Value) Shown() string {
	if !v.Setting.Secret {
		return v.Text
	}
	if v.Text != "" && !strings.Contains(v.Text, "://") {
		return "****" // a password by itself
	}
	return mask(v.Text)
}

// Source is one place that settings are read from.
type Source struct {
	// Origin names it to a reader: "flag", "environment", a file's path.
	Origin string
	// Lookup returns the value of a setting by its name; ok is false where the
	// source does not set it.
	Lookup func(name string) (value string, ok bool)
}

// Load resolves every setting from the first source that sets it, else from
// its default. The error, a FaultsError, lists everything that is wrong at once.
func Load(sources ...Source) (*Config, error) {
	c, faults := resolve(sources, false)
	if len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}

func resolve(sources []Source, deployed bool) (*Config, FaultsError) {
	c := &Config{Topics: map[event.Topic]string{}}
	var faults FaultsError
	for _, s := range Settings() {
		if s.Deployed && !deployed {
			continue // a PORT in a user's environment is meant for somebody else
		}
		v := Value{Setting: s, Text: s.Default, Origin: "default"}
		for _, source := range sources {
			if text, ok := source.Lookup(s.Name); ok {
				v.Text, v.Origin = strings.TrimSpace(text), source.Origin
				break
			}
		}
		c.Values = append(c.Values, v)
		if err := s.set(c, v.Text); err != nil {
			faults = append(faults, fmt.Sprintf("%s=%s (%s): %v; it wants %s", s.Name, v.Shown(), v.Origin, err, s.Form))
		}
	}
	if len(faults) == 0 {
		faults = c.check()
	}
	return c, faults
}

// check holds settings against each other.
func (c *Config) check() (faults FaultsError) {
	names := map[string]event.Topic{}
	for _, t := range allTopics {
		if other, taken := names[c.Topics[t]]; taken {
			faults = append(faults, fmt.Sprintf("%s and %s are both %q: give each topic a name of its own", topicSetting(other), topicSetting(t), c.Topics[t]))
		}
		names[c.Topics[t]] = t
	}
	if k := c.KafkaSecurity; strings.HasPrefix(k.Protocol, "SASL_") && (k.Username == "" || k.Password == "") {
		faults = append(faults, fmt.Sprintf("KAFKA_SECURITY_PROTOCOL=%s wants a user: set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD", k.Protocol))
	}
	silver, _ := money.ParseQuantity(c.silver)
	gold, _ := money.ParseQuantity(c.gold)
	if silver >= gold {
		faults = append(faults, fmt.Sprintf("TIER_SILVER=%s is not below TIER_GOLD=%s: a client reaches silver first, so choose a smaller TIER_SILVER", c.silver, c.gold))
	}
	if c.Currency != "" {
		if _, err := c.Thresholds(c.Currency); err != nil {
			faults = append(faults, err.Error())
		}
	}
	return faults
}

// Thresholds are the amounts of client-promotions, in minor units.
type Thresholds struct{ Promo, Silver, Gold money.Amount }

// Thresholds returns the thresholds in the currency, or an error where one has
// more decimals than the currency.
func (c *Config) Thresholds(currency money.Currency) (Thresholds, error) {
	var t Thresholds
	for _, x := range []struct {
		name, text string
		into       *money.Amount
	}{{"REVENUE_THRESHOLD_PROMO", c.promo, &t.Promo}, {"TIER_SILVER", c.silver, &t.Silver}, {"TIER_GOLD", c.gold, &t.Gold}} {
		a, err := money.ParseAmount(x.text, currency)
		if err != nil {
			return Thresholds{}, fmt.Errorf("%s=%s is not an amount of %s, which has %d decimals: %w", x.name, x.text, currency, currency.Digits(), err)
		}
		*x.into = a
	}
	return t, nil
}

// RequireCurrency returns the currency, or an error that says how to set it.
func (c *Config) RequireCurrency() (money.Currency, error) {
	if c.Currency == "" {
		return "", errors.New("CURRENCY is not set: name the shop's currency, such as CURRENCY=EUR")
	}
	return c.Currency, nil
}

// IsSet tells whether a setting was given by anyone, as opposed to its default.
func (c *Config) IsSet(name string) bool {
	for _, v := range c.Values {
		if v.Setting.Name == name {
			return v.Origin != "default"
		}
	}
	return false
}

// FaultsError is everything that is wrong with the settings, a sentence each.
type FaultsError []string

// Error lists the faults, one a line where there are several.
func (f FaultsError) Error() string {
	if len(f) == 1 {
		return "a setting is wrong: " + f[0]
	}
	return fmt.Sprintf("%d settings are wrong:\n  - %s", len(f), strings.Join(f, "\n  - "))
}
