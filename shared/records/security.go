package records

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// Security says how a Kafka is spoken to, in Kafka's own words.
type Security struct {
	// Protocol is PLAINTEXT (or ""), SSL, SASL_PLAINTEXT or SASL_SSL.
	Protocol string
	// Mechanism is SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN, for the protocols with SASL.
	Mechanism, Username, Password string
	// CAFile holds the authorities, in PEM, that the brokers' certificates may be
	// from; "" for those that the machine knows.
	CAFile string
}

// Secure sets TLS and SASL of the configuration.
func (c *Config) Secure(s Security) (err error) {
	if s.Protocol == "SSL" || s.Protocol == "SASL_SSL" {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		if s.CAFile != "" {
			if c.TLS.RootCAs, err = authorities(s.CAFile); err != nil {
				return err
			}
		}
	}
	if !strings.HasPrefix(s.Protocol, "SASL_") {
		return nil
	}
	switch s.Mechanism {
	case "PLAIN":
		c.SASL = plain.Mechanism{Username: s.Username, Password: s.Password}
	case "SCRAM-SHA-256":
		c.SASL, err = scram.Mechanism(scram.SHA256, s.Username, s.Password)
	case "SCRAM-SHA-512":
		c.SASL, err = scram.Mechanism(scram.SHA512, s.Username, s.Password)
	default:
		err = fmt.Errorf("there is no mechanism %q", s.Mechanism)
	}
	if err != nil {
		return fmt.Errorf("preparing the user of Kafka: %w; correct KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD", err)
	}
	return nil
}

func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates of KAFKA_TLS_CA_FILE: %w; name a file that is there", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the certificates of KAFKA_TLS_CA_FILE: there is none in %s; it wants PEM, which begins with -----BEGIN CERTIFICATE-----", file)
	}
	return pool, nil
}

// ErrRefused says that Kafka answers and does not let this program in as it is
// configured: asking again changes nothing.
var ErrRefused = errors.New("Kafka does not let this program in")

// refused is an error of the driver in words of ours, where those tell it all.
type refused struct {
	says string
	err  error
}

func (r *refused) Error() string        { return r.says }
func (r *refused) Unwrap() error        { return r.err }
func (r *refused) Is(target error) bool { return target == ErrRefused }

// explain says what an error on the way to Kafka means and what to do.
func (c *Cluster) explain(err error) error {
	// The name of kafka-go's own function tells a user nothing.
	for strings.HasPrefix(err.Error(), "kafka.(") && errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	if says := c.refusal(err); says != "" {
		return &refused{says, err}
	}
	return fmt.Errorf("%w; %s", err, c.advice(err))
}

// refusal is what only a person can mend; "" where waiting may.
func (c *Cluster) refusal(err error) string {
	text := err.Error()
	switch {
	case errors.Is(err, kafka.SASLAuthenticationFailed):
		return "the user or password is wrong: correct KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
	case errors.Is(err, kafka.UnsupportedSASLMechanism):
		return fmt.Sprintf("the broker does not take the mechanism %s: name one that it has enabled in KAFKA_SASL_MECHANISM", c.config.SASL.Name())
	case errors.Is(err, kafka.IllegalSASLState):
		return "the broker takes no user there: leave SASL out of KAFKA_SECURITY_PROTOCOL, or correct the port in KAFKA_BOOTSTRAP_SERVERS"
	case strings.Contains(text, "certificate signed by unknown authority"), strings.Contains(text, "certificate is not trusted"):
		return "the broker's certificate is from an authority that is not known here: name that authority's file in KAFKA_TLS_CA_FILE"
	case strings.Contains(text, "x509: certificate has expired or is not yet valid"):
		return "the broker's certificate is not valid today: have it renewed, or set this machine's clock right"
	case strings.Contains(text, "x509:"):
		return "the broker's certificate is not for this name: correct KAFKA_BOOTSTRAP_SERVERS, or the certificate"
	}
	return ""
}

// advice says what to do about what may also pass by itself.
func (c *Cluster) advice(err error) string {
	text := err.Error()
	ended := false // a broker that is spoken to wrongly says nothing and ends the connection
	for _, sign := range []string{"EOF", "connection reset", "broken pipe", "first record does not look like a TLS handshake", "invalid size", "too large"} {
		ended = ended || strings.Contains(text, sign)
	}
	switch {
	case errors.Is(err, kafka.TopicAuthorizationFailed), errors.Is(err, kafka.GroupAuthorizationFailed), errors.Is(err, kafka.ClusterAuthorizationFailed):
		return "its user may not do that: have the user allowed to"
	case ended && c.config.TLS != nil && c.config.SASL == nil:
		return "the broker ended the connection: it may be restarting, speak no TLS there, or want a user (KAFKA_SECURITY_PROTOCOL)"
	case ended && c.config.TLS != nil:
		return "the broker ended the connection: it may be restarting, or speak no TLS there (KAFKA_SECURITY_PROTOCOL)"
	case ended:
		return "the broker ended the connection: it may be restarting, or want TLS or a user (KAFKA_SECURITY_PROTOCOL)"
	}
	return "start it, or correct KAFKA_BOOTSTRAP_SERVERS"
}
