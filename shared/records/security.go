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
		return nil, fmt.Errorf("reading the certificates of KAFKA_TLS_CA_FILE: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the certificates of KAFKA_TLS_CA_FILE: there is none in %s; it wants PEM, which begins with -----BEGIN CERTIFICATE-----", file)
	}
	return pool, nil
}

// advice says what to do about an error on the way to Kafka.
func (c *Cluster) advice(err error) string {
	text := err.Error()
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.Is(err, kafka.SASLAuthenticationFailed):
		return "the user or password is wrong: correct KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
	case errors.Is(err, kafka.UnsupportedSASLMechanism):
		return "the broker does not take this KAFKA_SASL_MECHANISM: name one that it has enabled"
	case errors.Is(err, kafka.TopicAuthorizationFailed), errors.Is(err, kafka.GroupAuthorizationFailed), errors.Is(err, kafka.ClusterAuthorizationFailed):
		return "its user may not do that: have the user allowed to"
	case has("certificate signed by unknown authority", "certificate is not trusted"):
		return "the broker's certificate is from an authority that this machine does not know: name that authority's file in KAFKA_TLS_CA_FILE"
	case has("x509:"):
		return "the broker's certificate cannot be trusted under this name: correct KAFKA_BOOTSTRAP_SERVERS, or the certificate"
	case c.config.TLS != nil && has("first record does not look like a TLS handshake", "EOF", "connection reset"):
		return "the broker does not speak TLS there: correct its port, or KAFKA_SECURITY_PROTOCOL"
	case c.config.TLS == nil && has("EOF", "connection reset", "broken pipe", "invalid size", "too large"):
		return "the broker ended the connection: it may be restarting, or want TLS or a user (KAFKA_SECURITY_PROTOCOL)"
	}
	return "start it, or correct KAFKA_BOOTSTRAP_SERVERS"
}
