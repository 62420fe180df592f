package records

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

// Config says which Kafka, and how to get in.
type Config struct {
	// Bootstrap lists servers as host:port; one that answers is enough.
	Bootstrap []string
	// ClientID names this program in the broker's logs.
	ClientID string
	// TLS encrypts connections where it is set.
	TLS *tls.Config
	// SASL authenticates where it is set.
	SASL sasl.Mechanism
	// Topics gives names of topics that differ from the logical ones.
	Topics Topics
	// Groups begins the names of the functions' consumer groups; "comptoir." where
	// it is "".
	Groups string
	// Timeout bounds one request, beyond what the broker is asked to wait: 10 s
	// where it is 0.
	Timeout time.Duration
	// Dial opens connections; nil: as the operating system does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Cluster is a Kafka cluster as the parts of Comptoir use it. It connects when
// first used, and again when a connection was lost. It may be used from many
// goroutines.
type Cluster struct {
	config    Config
	addr      net.Addr
	transport *kafka.Transport
	client    *kafka.Client
	dialer    *kafka.Dialer
}

// metadataTTL bounds for how long a new leader or a new topic stays unseen.
const metadataTTL = 2 * time.Second

const defaultTimeout = 10 * time.Second

// Connect prepares the use of a cluster. It does not connect yet.
func Connect(c Config) (*Cluster, error) {
	if len(c.Bootstrap) == 0 {
		return nil, errors.New("connecting to Kafka: no server is named; set KAFKA_BOOTSTRAP_SERVERS to host:port")
	}
	for _, s := range c.Bootstrap {
		host, port, err := net.SplitHostPort(s)
		if err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("connecting to Kafka: %q is not a server; write host:port in KAFKA_BOOTSTRAP_SERVERS, several separated by commas", s)
		}
	}
	if err := c.Topics.validate(); err != nil {
		return nil, fmt.Errorf("naming topics: %w", err)
	}
	if c.ClientID == "" {
		c.ClientID = "comptoir"
	}
	if c.Groups == "" {
		c.Groups = "comptoir."
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	transport := &kafka.Transport{
		Dial:        c.Dial,
		ClientID:    c.ClientID,
		DialTimeout: 5 * time.Second,
		MetadataTTL: metadataTTL,
		TLS:         c.TLS,
		SASL:        c.SASL,
	}
	addr := kafka.TCP(c.Bootstrap...)
	return &Cluster{
		config:    c,
		addr:      addr,
		transport: transport,
		client:    &kafka.Client{Addr: addr, Transport: transport, Timeout: c.Timeout},
		dialer:    &kafka.Dialer{ClientID: c.ClientID, Timeout: 5 * time.Second, DualStack: true, DialFunc: c.Dial, TLS: c.TLS, SASLMechanism: c.SASL},
	}, nil
}

// Close closes the connections that are not in use, and each of the others when
// its request has ended.
func (c *Cluster) Close() { c.transport.CloseIdleConnections() }

// Reset drops all connections and what was learnt of the cluster, as after a
// broker that stopped answering.
func (c *Cluster) Reset() { c.transport.CloseIdleConnections() }

// Topics returns the names of topics on this cluster.
func (c *Cluster) Topics() Topics { return c.config.Topics }

// Bootstrap lists the servers that the cluster is found by.
func (c *Cluster) Bootstrap() []string { return c.config.Bootstrap }

// Group returns the consumer group of a function.
func (c *Cluster) Group(function string) string { return c.config.Groups + function }

// Client returns the kafka-go client of the cluster.
func (c *Cluster) Client() *kafka.Client { return c.client }

// Dialer returns the kafka-go dialer of the cluster, as consumer groups need it.
func (c *Cluster) Dialer() *kafka.Dialer { return c.dialer }

// Ping asks the cluster for its layout.
func (c *Cluster) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	// ApiVersions goes over the wire each time; metadata may come from the cache.
	r, err := c.client.ApiVersions(ctx, &kafka.ApiVersionsRequest{})
	if err == nil {
		err = r.Error
	}
	if err != nil {
		return c.unreachable(err)
	}
	return nil
}

func (c *Cluster) unreachable(err error) error {
	return fmt.Errorf("asking Kafka at %s: %w", strings.Join(c.config.Bootstrap, ","), c.explain(err))
}
