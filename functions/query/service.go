package query

import (
	"log/slog"
	"sync"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// Function names a function, its collection, and the topics whose streams it reads.
type Function struct {
	// Name is that of the deployed function: product-winners.
	Name string
	// Collection holds its documents.
	Collection string
	// Topics are the logical topics that it reads.
	Topics []event.Topic
}

// Functions returns the functions of Comptoir as the API knows them, which is
// what Config.Functions is by default.
func Functions() []Function {
	return []Function{
		{Name: "product-winners", Collection: products, Topics: []event.Topic{event.Sales, event.Inventory}},
		{Name: "loss-risk", Collection: stocks, Topics: []event.Topic{event.Inventory}},
		{Name: "client-promotions", Collection: clients, Topics: []event.Topic{event.Sales, event.Clients}},
		{Name: "freshness", Collection: heartbeats, Topics: []event.Topic{event.Heartbeats}},
	}
}

// The collections that are read.
const (
	products    = "product_winners"
	stocks      = "loss_risk_products"
	clients     = "clients"
	heartbeats  = "heartbeats"
	checkpoints = "checkpoints"
	settings    = "settings"
)

// Config is what a Service needs. Reader and Today are required.
type Config struct {
	Reader Reader
	// Today returns the current business date: that of BUSINESS_TIMEZONE, or BUSINESS_DATE.
	Today func() event.Date
	// Currency is the one configured; a state in another one is not shown. ""
	// takes the state's own.
	Currency money.Currency
	// AllowedOrigins lists the origins whose pages may read the API, such as
	// https://admin.example; "*" allows all. Empty: no other origin than its own.
	AllowedOrigins []string
	// Logger gets one line a request; nil logs nothing.
	Logger *slog.Logger
	// Functions are those whose status is told; nil takes Functions().
	Functions []Function
	// Hold is how long what was read counts as current, so that many readers cost
	// one read; 0 takes 250 ms, below 0 reads anew for each request. While lists
	// take long to read it grows by itself to four times their time, at most 10 s.
	Hold time.Duration
	// ReadTimeout bounds one reading of a list; 0 takes 30 s.
	ReadTimeout time.Duration
}

// Service answers what the page and `comptoir export` ask. It is safe for many
// goroutines, and keeps in memory the lists of one version of the state.
type Service struct {
	cfg      Config
	log      *slog.Logger
	origins  origins
	mu       sync.Mutex
	now      *reading
	readAt   time.Time
	inFlight *flight[*reading]
	// loading counts the lists that are being read; slowest is how long the slowest
	// one of the current version took.
	loading int
	slowest time.Duration
}

// New returns a Service. Nothing is read before the first request.
func New(cfg Config) *Service {
	if cfg.Functions == nil {
		cfg.Functions = Functions()
	}
	if cfg.Hold == 0 {
		cfg.Hold = 250 * time.Millisecond
	}
	if cfg.ReadTimeout <= 0 {
		cfg.ReadTimeout = 30 * time.Second
	}
	s := &Service{cfg: cfg, log: cfg.Logger, origins: newOrigins(cfg.AllowedOrigins)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}
