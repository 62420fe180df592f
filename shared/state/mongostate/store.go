package mongostate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"comptoir/shared/projection"
	"comptoir/shared/state"
)

// Options say which server, and how long to wait for it.
type Options struct {
	// URI is the server's, with user, TLS and all else that its form allows.
	// timeoutMS, serverSelectionTimeoutMS and connectTimeoutMS in it win over what
	// follows, timeoutMS over Answer too.
	URI string
	// Database is the name of the database.
	Database string
	// Timeout bounds one operation; 30 seconds where it is 0.
	Timeout time.Duration
	// Answer bounds one that reads or writes a page of documents at most; 8 seconds
	// where it is 0. Such a one takes milliseconds: a server that has not answered by
	// then is taken for gone, and is asked over new connections.
	Answer time.Duration
	// Patience is how long an operation looks for a server that it can use; 5
	// seconds where it is 0.
	Patience time.Duration
	// Dialer opens connections; nil: as the operating system does.
	Dialer options.ContextDialer
}

// database is a client and one database of it.
type database struct {
	client  *mongo.Client
	db      *mongo.Database
	where   place
	sockets *sockets
	answer  time.Duration
}

// answering bounds an operation on a page of documents at most.
func (d *database) answering(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d.answer) //nolint:gosec // the caller calls what ends it
}

// connect prepares the use of a database; it does not connect yet. Its options
// for reading are those of the URI.
func connect(o Options, own func(*options.ClientOptions)) (*database, error) {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	if o.Answer <= 0 {
		o.Answer = 8 * time.Second
	}
	client, err := clientOptions(&o)
	if err != nil {
		return nil, err
	}
	sockets := newSockets(o.Dialer)
	client.SetDialer(sockets)
	own(client)
	where := place{hosts: client.Hosts, database: o.Database, tls: client.TLSConfig != nil, user: client.Auth != nil}
	c, err := mongo.Connect(client)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", where, masked(o.URI, err))
	}
	return &database{client: c, db: c.Database(o.Database), where: where, sockets: sockets, answer: o.Answer}, nil
}

// clientOptions are those of the URI, completed by ours; where both have a time-out
// of operations the URI's goes into ours.
func clientOptions(o *Options) (*options.ClientOptions, error) {
	if o.URI == "" || o.Database == "" {
		return nil, errors.New("connecting to MongoDB: set MONGODB_URI, such as mongodb://127.0.0.1:27017/, and MONGODB_DATABASE")
	}
	client := options.Client().ApplyURI(o.URI)
	if err := client.Validate(); err != nil {
		return nil, fmt.Errorf("reading MONGODB_URI: %w", masked(o.URI, err))
	}
	if client.Timeout == nil {
		client.SetTimeout(o.Timeout)
	} else if *client.Timeout > 0 {
		o.Answer = *client.Timeout
	} else {
		o.Answer = 24 * time.Hour // timeoutMS=0: none
	}
	if client.ServerSelectionTimeout == nil {
		client.SetServerSelectionTimeout(o.Patience)
	}
	if client.ConnectTimeout == nil {
		// Shorter than the search for a server, so that what kept it from a silent one
		// is known, and said, when the search ends.
		client.SetConnectTimeout(o.Patience * 4 / 5)
	}
	if client.AppName == nil {
		client.SetAppName("comptoir")
	}
	return client, nil
}

func (d *database) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := d.client.Disconnect(ctx); err != nil && !errors.Is(err, mongo.ErrClientDisconnected) {
		return d.failed("closing the connections", err)
	}
	return nil
}

// Store is a state database that is written to. It is safe for concurrent use,
// and any number of processes may use the same database.
type Store struct {
	*database
	declared []string // the collections that Migrate makes

	mu     sync.Mutex
	tables map[string]*table
}

var _ projection.Store = (*Store)(nil)

// table is a declared collection.
type table struct {
	coll    *mongo.Collection
	indexes []index
}

// Open is New, and asks the database whether it is there.
func Open(ctx context.Context, o Options, collections []projection.Collection) (*Store, error) {
	s, err := New(o, collections)
	if err != nil {
		return nil, err
	}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// New prepares the use of a database for the given collections. It waits for
// nothing: connections are made beside, and a server that is away is an error of
// each operation. Collections and indexes are made by Migrate.
func New(o Options, collections []projection.Collection) (*Store, error) {
	d, err := connect(o, func(c *options.ClientOptions) {
		// What the promises of projection.Store need is not the URI's to choose.
		c.SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Majority()).SetReadPreference(readpref.Primary())
		// A write that the driver repeats meets what its first try has written, and is
		// taken for somebody else's.
		c.SetRetryWrites(false)
	})
	if err != nil {
		return nil, err
	}
	s := &Store{database: d, tables: make(map[string]*table, len(collections))}
	for _, c := range collections {
		if s.tables[c.Name] != nil {
			return nil, errors.Join(fmt.Errorf("opening the state at %s: the collection %s is declared twice: keep one", d.where, c.Name), s.Close())
		}
		if _, err := s.table(&c); err != nil {
			return nil, errors.Join(fmt.Errorf("opening the state at %s: %w", d.where, err), s.Close())
		}
		s.declared = append(s.declared, c.Name)
	}
	return s, nil
}

// Ping asks the server that is written to whether it is there.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx, readpref.Primary()); err != nil {
		return s.failed("opening it", err)
	}
	return nil
}

// table returns what is known of a collection: one that was declared, or one that
// was made by somebody else since, for another epoch.
func (s *Store) table(c *projection.Collection) (*table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[c.Name]; t != nil {
		return t, nil
	}
	if err := state.CheckCollection(c.Name); err != nil {
		return nil, err
	}
	indexes, err := indexesOf(*c)
	if err != nil {
		return nil, err
	}
	t := &table{coll: s.db.Collection(c.Name), indexes: indexes}
	s.tables[c.Name] = t
	return t, nil
}

// Close closes the connections. A Commit that is under way ends with an error,
// which means unknown.
func (s *Store) Close() error { return s.close() }

// collection returns the driver's own of a collection.
func (s *Store) collection(c *projection.Collection) (*mongo.Collection, error) {
	t, err := s.table(c)
	if err != nil {
		return nil, fmt.Errorf("in the state at %s: %w", s.where, err)
	}
	return t.coll, nil
}
