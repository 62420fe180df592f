package serverless

import (
	"strings"
	"testing"

	"comptoir/functions"
	"comptoir/functions/setup"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/records/recordstest"
)

// shopKafka is what lies on the topics of the shop.
type shopKafka struct {
	cluster *records.Cluster
	// log has the records by topic (its name on Kafka) and partition.
	log map[string][][]records.Record
}

var topics = []event.Topic{event.Sales, event.Inventory, event.Clients, event.Heartbeats}

func readKafka(t *testing.T, settings map[string]string) *shopKafka {
	t.Helper()
	cfg, err := config.Load(config.Map("the test", settings))
	must(t, err)
	c, err := setup.Kafka(cfg)
	must(t, err)
	k := &shopKafka{log: map[string][][]records.Record{}}
	k.cluster, err = records.Connect(c)
	must(t, err)
	t.Cleanup(k.cluster.Close)
	for _, topic := range topics {
		name := k.cluster.Topics().Name(topic)
		n, err := k.cluster.Partitions(t.Context(), name)
		must(t, err)
		for p := range n {
			k.log[name] = append(k.log[name], recordstest.ReadAll(t, k.cluster, topic, int32(p)))
		}
	}
	return k
}

// names are the names on Kafka of a function's topics.
func (k *shopKafka) names(f *projection.Function) []string {
	names := make([]string, 0, len(f.Topics))
	for _, topic := range f.Topics {
		names = append(names, k.cluster.Topics().Name(topic))
	}
	return names
}

// count is how many records a function's topics have.
func (k *shopKafka) count(f *projection.Function) (n int) {
	for _, name := range k.names(f) {
		for _, log := range k.log[name] {
			n += len(log)
		}
	}
	return n
}

// analytics are the functions that fold events.
func analytics() []projection.Function { return functions.All(functions.Defaults("GBP")) }

// database is the name of the database of another way of running the functions.
func database(settings map[string]string, way string) string {
	return strings.TrimSuffix(settings["MONGODB_DATABASE"], "-"+way) + "-" + way
}
