package serverless

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"comptoir/functions/setup"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/state/mongostate"
)

// unclaimed are the numbers of each stream, such as sales/3, that some function's
// checkpoint does not claim: those that are missing, and those at the stream's end.
func (k *shopKafka) unclaimed(t *testing.T, settings map[string]string) map[string]map[int64]bool {
	t.Helper()
	cfg, err := config.Load(config.Map("the test", settings))
	must(t, err)
	r, err := mongostate.OpenReader(t.Context(), setup.MongoDB(cfg))
	must(t, err)
	defer r.Close()
	claimed := map[string]projection.Watermark{}
	each(t, r, "checkpoints", func(id string, doc map[string]json.RawMessage) {
		var sources []projection.Source
		must(t, json.Unmarshal(doc["sources"], &sources))
		if len(sources) > 0 {
			claimed[id] = sources[0].Watermark // there is one ledger
		}
	})
	all := map[string]map[int64]bool{}
	for _, f := range analytics() {
		for _, topic := range f.Topics {
			if topic == event.Heartbeats {
				continue // the last of them says it all
			}
			for p, log := range k.log[k.cluster.Topics().Name(topic)] {
				stream := fmt.Sprintf("%s/%d", topic, p)
				for i := range log {
					n := sequence(t, &log[i])
					if w := claimed[f.Name+"|"+stream]; n > w.Applied || slices.ContainsFunc(w.Missing, func(gap projection.Range) bool { return gap.First <= n && n <= gap.Last }) {
						if all[stream] == nil {
							all[stream] = map[int64]bool{}
						}
						all[stream][n] = true
					}
				}
			}
		}
	}
	return all
}

// publishAgain publishes records of a ledger's streams again as they were, which is
// what `comptoir republish` does, and counts them by topic.
func (k *shopKafka) publishAgain(t *testing.T, numbers map[string]map[int64]bool) map[string]int64 {
	t.Helper()
	published := map[string]int64{}
	for stream, wanted := range numbers {
		var batch []event.Message
		topic, number, _ := strings.Cut(stream, "/")
		name := k.cluster.Topics().Name(event.Topic(topic))
		var p int32
		if _, err := fmt.Sscan(number, &p); err != nil {
			t.Fatalf("the stream %q: %v", stream, err)
		}
		for i := range k.log[name][p] {
			r := &k.log[name][p][i]
			if wanted[sequence(t, r)] {
				batch = append(batch, r.Message)
			}
		}
		if len(batch) != len(wanted) {
			t.Fatalf("%s: %d of %d numbers that are missing are on Kafka", stream, len(batch), len(wanted))
		}
		_, err := k.cluster.Produce(t.Context(), name, p, batch)
		must(t, err)
		published[name] += int64(len(batch))
	}
	return published
}

func sequence(t *testing.T, r *records.Record) (n int64) {
	t.Helper()
	for _, h := range r.Message.Headers {
		if h.Key == "ce_sequence" {
			if _, err := fmt.Sscan(strings.TrimLeft(string(h.Value), "0"), &n); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}
