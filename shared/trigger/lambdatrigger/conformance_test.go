package lambdatrigger_test

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"comptoir/shared/records"
	"comptoir/shared/trigger/lambdatrigger"
	"comptoir/shared/trigger/lambdatrigger/lambdatest"
	"comptoir/shared/trigger/triggertest"
)

func TestConformance(t *testing.T) {
	for _, round := range []int{0, 5} {
		t.Run(map[int]string{0: "in one round", 5: "in rounds of a few"}[round], func(t *testing.T) {
			triggertest.Run(t, triggertest.Kind{Open: func(t *testing.T, b *triggertest.Bench) triggertest.Trigger {
				return &mapping{
					t: t, log: b.Records(t), acknowledged: map[string]int64{},
					function: lambdatrigger.New(lambdatrigger.Config{Handler: b.Engine, Uses: b.Engine.Uses, RoundRecords: round}),
				}
			}})
		})
	}
}

// mapping is an event source mapping: it invokes with what is not acknowledged, and
// heeds the answer.
type mapping struct {
	t            *testing.T
	log          map[string][]records.Record
	acknowledged map[string]int64
	function     *lambdatrigger.Function
}

func (m *mapping) Bring(ctx context.Context) map[string]int64 {
	m.t.Helper()
	batch := map[string][]records.Record{}
	for name, log := range m.log {
		m.acknowledged[name] = m.acknowledged[name]
		if rest := log[m.acknowledged[name]:]; len(rest) > 0 {
			batch[lambdaName(name)] = rest
		}
	}
	raw, err := m.function.Invoke(ctx, lambdatest.Payload(batch))
	if err != nil {
		m.t.Fatal(err)
	}
	var answer lambdatrigger.Answer
	if err := json.Unmarshal(raw, &answer); err != nil {
		m.t.Fatal(err)
	}
	next := map[string]int64{}
	for name, log := range m.log {
		next[name] = int64(len(log))
		for _, f := range answer.BatchItemFailures {
			if f.ItemIdentifier.Partition == lambdaName(name) {
				next[name] = f.ItemIdentifier.Offset
			}
		}
	}
	m.acknowledged = next
	return maps.Clone(next)
}

func (m *mapping) Close() {}

func lambdaName(name string) string {
	i := strings.LastIndexByte(name, '/')
	return name[:i] + "-" + name[i+1:]
}
