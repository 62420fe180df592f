package recordstest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/records"
)

var clusters atomic.Int64

// Kafka connects, for the duration of the test, to the Kafka that
// COMPTOIR_TEST_KAFKA_BOOTSTRAP_SERVERS names, with topics of the test's own names,
// which are removed at its end; else to a broker that it starts.
func Kafka(t testing.TB) *records.Cluster {
	t.Helper()
	setting := func(name string) string { return os.Getenv("COMPTOIR_TEST_KAFKA_" + name) }
	servers := setting("BOOTSTRAP_SERVERS")
	if servers == "" {
		return Start(t).Connect()
	}
	own := fmt.Sprintf("test-%d-%d.", time.Now().UnixNano(), clusters.Add(1))
	config := records.Config{Bootstrap: strings.Split(servers, ","), Groups: own, Topics: records.Topics{
		Sales: own + "sales", Inventory: own + "inventory", Clients: own + "clients", Heartbeats: own + "heartbeats", DeadLetters: own + "dead-letters",
	}}
	security := records.Security{
		Protocol: setting("SECURITY_PROTOCOL"), Mechanism: setting("SASL_MECHANISM"),
		Username: setting("SASL_USERNAME"), Password: setting("SASL_PASSWORD"), CAFile: setting("TLS_CA_FILE"),
	}
	if err := config.Secure(security); err != nil {
		t.Fatal(err)
	}
	c, err := records.Connect(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := RemoveTopics(context.Background(), c); err != nil {
			t.Errorf("removing the test's topics: %v", err)
		}
		c.Close()
	})
	return c
}

// RemoveTopics removes the topics of a cluster's names from a Kafka that tests share.
func RemoveTopics(ctx context.Context, c *records.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var names []string
	for _, name := range c.Topics().Map() {
		names = append(names, name)
	}
	r, err := c.Client().DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names})
	if err != nil {
		return err
	}
	var errs []error
	for _, err := range r.Errors {
		if err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
