package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Setting declares one setting: all that its reader, its documentation and its
// check know about it stands here.
type Setting struct {
	// Name is that of the environment variable and of the line in comptoir.env.
	Name string
	// Default is its value where nobody sets it; "" for none.
	Default string
	// Form says what a value looks like, with its unit.
	Form string
	// Purpose says what it is for, in one sentence.
	Purpose string
	// Secret values may carry a password, which is never printed.
	Secret bool
	// Deployed: for functions that run by themselves, on Lambda or Knative; the
	// `comptoir` command has no use for it.
	Deployed bool

	set func(*Config, string) error
}

// Flag returns the name of its command-line flag, without the dashes.
func (s Setting) Flag() string { return strings.ToLower(strings.ReplaceAll(s.Name, "_", "-")) }

var allTopics = []event.Topic{event.Sales, event.Inventory, event.Clients, event.Heartbeats, event.DeadLetters}

func topicSetting(t event.Topic) string {
	return "TOPIC_" + strings.ToUpper(strings.ReplaceAll(string(t), "-", "_"))
}

// Settings lists every setting, in the order of the documentation.
func Settings() []Setting {
	settings := []Setting{
		{
			Name: "KAFKA_BOOTSTRAP_SERVERS", Form: "host:port, several with commas", Purpose: "The Kafka to use. Without it `comptoir` runs a broker of its own inside the data directory.",
			set: func(c *Config, s string) (err error) { c.KafkaBootstrapServers, err = addresses(s); return err },
		},
		{
			Name: "KAFKA_GROUP_PREFIX", Default: "comptoir.", Form: "as a Kafka topic name", Purpose: "What the names of the functions' consumer groups begin with. Two shops on one Kafka need different ones, as they need different topics.",
			set: func(c *Config, s string) error { c.KafkaGroupPrefix = s; return topicName(s) },
		},
		{
			Name: "KAFKA_SECURITY_PROTOCOL", Default: "PLAINTEXT", Form: "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL", Purpose: "How that Kafka is spoken to: SSL is TLS, SASL a user with a password.",
			set: func(c *Config, s string) error {
				c.KafkaSecurity.Protocol = s
				return oneOf(s, "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
			},
		},
		{
			Name: "KAFKA_SASL_MECHANISM", Default: "SCRAM-SHA-512", Form: "SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN", Purpose: "How the user proves the password.",
			set: func(c *Config, s string) error {
				c.KafkaSecurity.Mechanism = s
				return oneOf(s, "SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
			},
		},
		{
			Name: "KAFKA_SASL_USERNAME", Form: "a name", Purpose: "The user of that Kafka.",
			set: func(c *Config, s string) error { c.KafkaSecurity.Username = s; return nil },
		},
		{
			Name: "KAFKA_SASL_PASSWORD", Form: "a password", Secret: true, Purpose: "The user's password.",
			set: func(c *Config, s string) error { c.KafkaSecurity.Password = s; return nil },
		},
		{
			Name: "KAFKA_TLS_CA_FILE", Form: "a file of certificates (PEM)", Purpose: "The authorities that Kafka's certificate may be from. Without it, those that the machine knows.",
			set: func(c *Config, s string) error { c.KafkaSecurity.CAFile = s; return nil },
		},
		{
			Name: "BROKER_ADDR", Default: "127.0.0.1:9092", Form: "host:port", Purpose: "Where the embedded broker listens. Left at its default, a free port is taken where this one is in use.",
			set: func(c *Config, s string) error { c.BrokerAddr = s; return address(s) },
		},
	}
	for _, t := range allTopics {
		settings = append(settings, Setting{
			Name: topicSetting(t), Default: string(t), Form: "a Kafka topic name", Purpose: topicPurpose[t],
			set: func(c *Config, s string) error { c.Topics[t] = s; return topicName(s) },
		})
	}
	settings = append(settings,
		Setting{
			Name: "PARTITIONS", Default: "8", Form: "a whole number, 1 to 1024", Purpose: "Over how many partitions a new ledger spreads its keys. Fixed once the ledger is made.",
			set: func(c *Config, s string) (err error) { c.Partitions, err = whole(s, 1, 1024); return err },
		},
		Setting{
			Name: "REPLICATION_FACTOR", Default: "0", Form: "a whole number, 0 to 100", Purpose: "Replicas of the topics that `comptoir migrate` creates; 0 leaves it to the broker's default.",
			set: func(c *Config, s string) (err error) { c.ReplicationFactor, err = whole(s, 0, 100); return err },
		},
		Setting{
			Name: "MONGODB_URI", Form: "mongodb://…", Secret: true, Purpose: "The MongoDB that keeps the state, with user, TLS and time-outs in the URI; readPreference and readConcernLevel are for the query side. Without it the state is a file in the data directory.",
			set: func(c *Config, s string) error { c.MongoURI = s; return mongoURI(s) },
		},
		Setting{
			Name: "MONGODB_DATABASE", Default: "comptoir", Form: "a database name", Purpose: "The database in that MongoDB.",
			set: func(c *Config, s string) error { c.MongoDatabase = s; return notEmpty(s) },
		},
		Setting{
			Name: "CURRENCY", Form: "a code of ISO 4217, such as EUR", Purpose: "The shop's one currency. Required for a new data directory and wherever functions run without a ledger; an existing data directory knows its own.",
			set: func(c *Config, s string) (err error) {
				if s != "" {
					c.Currency, err = money.ParseCurrency(s)
				}
				return err
			},
		},
		Setting{
			Name: "BUSINESS_TIMEZONE", Default: "Local", Form: "a zone such as Europe/Paris, UTC or Local", Purpose: "Whose midnight ends a business day. `Local` is the machine's own zone.",
			set: func(c *Config, s string) (err error) { c.Zone, err = zone(s); return err },
		},
		Setting{
			Name: "BUSINESS_DATE", Form: "YYYY-MM-DD", Purpose: "Fixes what today is, for tests and for replaying history. Without it the clock says.",
			set: func(c *Config, s string) (err error) {
				if s != "" {
					c.BusinessDate, err = event.ParseDate(s)
				}
				return err
			},
		},
		Setting{
			Name: "REVENUE_THRESHOLD_PROMO", Default: "1000", Form: "an amount in major units", Purpose: "A client whose revenue is above it is eligible for a promotion.",
			set: func(c *Config, s string) error { c.promo = s; return major(s) },
		},
		Setting{
			Name: "TIER_SILVER", Default: "10000", Form: "an amount in major units", Purpose: "A client whose revenue is above it is silver.",
			set: func(c *Config, s string) error { c.silver = s; return major(s) },
		},
		Setting{
			Name: "TIER_GOLD", Default: "20000", Form: "an amount in major units", Purpose: "A client whose revenue is above it is gold.",
			set: func(c *Config, s string) error { c.gold = s; return major(s) },
		},
		Setting{
			Name: "RULES_VERSION", Default: "0", Form: "a whole number, 0 or more", Purpose: "The version of the thresholds; it only grows. 0 takes the state's own, and one more where a threshold changed.",
			set: func(c *Config, s string) error {
				v, err := whole(s, 0, 1<<53)
				c.RulesVersion = int64(v)
				return err
			},
		},
		Setting{
			Name: "BATCH_MAX_RECORDS", Default: "500000", Form: "a whole number of records, 1 to 10000000", Purpose: "How many records a function that is behind folds before it writes; a second, or 4,000 documents, end that earlier.",
			set: func(c *Config, s string) (err error) { c.BatchMaxRecords, err = whole(s, 1, 10_000_000); return err },
		},
		Setting{
			Name: "HEARTBEAT_INTERVAL", Default: "5s", Form: "a duration, 100ms to 1h", Purpose: "How often the relay says that it is alive.",
			set: func(c *Config, s string) (err error) {
				c.HeartbeatInterval, err = duration(s, 100*time.Millisecond, time.Hour)
				return err
			},
		},
		Setting{
			Name: "REVIEW_INTERVAL", Default: "15m", Form: "a duration, 1s to 24h", Purpose: "How often documents that change with the day alone are looked at.",
			set: func(c *Config, s string) (err error) {
				c.ReviewInterval, err = duration(s, time.Second, 24*time.Hour)
				return err
			},
		},
		Setting{
			Name: "QUERY_ADDR", Default: "127.0.0.1:8480", Form: "host:port", Purpose: "Where the query API and the manager's page listen. Left at its default, a free port is taken where this one is in use.",
			set: func(c *Config, s string) error { c.QueryAddr = s; return address(s) },
		},
		Setting{
			Name: "CORS_ALLOWED_ORIGINS", Form: "https://host, several with commas, or *", Purpose: "Origins whose pages may read the query API.",
			set: func(c *Config, s string) (err error) { c.CORSAllowedOrigins, err = origins(s); return err },
		},
		Setting{
			Name: "ACCOUNTANT_ADDR", Default: "127.0.0.1:8481", Form: "host:port", Purpose: "Where the accountant's app listens. Left at its default, a free port is taken where this one is in use. On any other address than this machine's own it wants a password: `comptoir password`.",
			set: func(c *Config, s string) error { c.AccountantAddr = s; return address(s) },
		},
		Setting{
			Name: "ACCOUNTANT_HOSTS", Form: "names, several with commas", Purpose: "The names by which the accountant's app may be asked for, besides addresses, `localhost` and the machine's own name: that of a proxy before it.",
			set: func(c *Config, s string) error { c.AccountantHosts = list(strings.ToLower(s)); return nil },
		},
		Setting{
			Name: "TAX_RATE", Default: "0", Form: "a percentage, 0 to 1000", Purpose: "The tax rate with which lines begin in the accountant's app, of products that have none of their own.",
			set: func(c *Config, s string) (err error) {
				if c.TaxRate, err = money.ParsePercent(s); err != nil || c.TaxRate < 0 || c.TaxRate > 10*money.Whole {
					return errors.New("it is not a percentage from 0 to 1000")
				}
				return nil
			},
		},
		Setting{
			Name: "LOG_LEVEL", Default: "info", Form: "debug, info, warn or error", Purpose: "The least important line that is logged.",
			set: func(c *Config, s string) error { return c.LogLevel.UnmarshalText([]byte(s)) },
		},
		Setting{
			Name: "LOG_FORMAT", Default: "auto", Form: "auto, text or json", Purpose: "How lines are logged; `auto` is text on a terminal and JSON elsewhere.",
			set: func(c *Config, s string) error { c.LogFormat = s; return oneOf(s, "auto", "text", "json") },
		},
	)
	return append(settings, deployed()...)
}

var topicPurpose = map[event.Topic]string{
	event.Sales:       "The topic of sales and returns.",
	event.Inventory:   "The topic of products and their stock.",
	event.Clients:     "The topic of clients.",
	event.Heartbeats:  "The topic of the relay's heartbeats.",
	event.DeadLetters: "The topic that keeps records which can never be applied.",
}

func list(s string) (items []string) {
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func addresses(s string) ([]string, error) {
	all := list(s)
	for _, a := range all {
		if err := address(a); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func address(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q has no port", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}

func topicName(s string) error {
	if s == "" || len(s) > 249 || s == "." || s == ".." {
		return errors.New("it is empty or too long")
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r) {
			return fmt.Errorf("Kafka allows letters, digits, '.', '_' and '-', not %q", r)
		}
	}
	return nil
}

func whole(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, errors.New("it is not a whole number")
	}
	if n < least || n > most {
		return 0, fmt.Errorf("%d is out of range", n)
	}
	return n, nil
}

func duration(s string, least, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, errors.New("it is not a duration such as 30s or 15m")
	}
	if d < least || d > most {
		return 0, fmt.Errorf("%s is out of range", d)
	}
	return d, nil
}

// major checks an amount before the currency is known: three decimals are the
// most that a currency has.
func major(s string) error {
	q, err := money.ParseQuantity(s)
	if err != nil {
		return errors.New("it is not a plain decimal number")
	}
	if q < 0 {
		return errors.New("it is below zero")
	}
	return nil
}

func zone(s string) (*time.Location, error) {
	if s == "" {
		return nil, errors.New("it is empty")
	}
	z, err := time.LoadLocation(s)
	if err != nil {
		return nil, errors.New("there is no such time zone")
	}
	return z, nil
}

func mongoURI(s string) error {
	if s != "" && !strings.HasPrefix(s, "mongodb://") && !strings.HasPrefix(s, "mongodb+srv://") {
		return errors.New("it does not begin with mongodb:// or mongodb+srv://")
	}
	return nil
}

func origins(s string) ([]string, error) {
	all := list(s)
	for _, o := range all {
		u, err := url.Parse(o)
		if o != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "") {
			return nil, fmt.Errorf("%q is not an origin", o)
		}
	}
	return all, nil
}

func notEmpty(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	return nil
}

func oneOf(s string, allowed ...string) error {
	for _, a := range allowed {
		if s == a {
			return nil
		}
	}
	return errors.New("it is none of them")
}
