package serverless

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"comptoir/shared/records"
	"comptoir/shared/trigger/lambdatrigger"
	"comptoir/shared/trigger/lambdatrigger/lambdatest"
	"comptoir/test/serverless/runtimeapi"
)

const (
	// batchSize and batchBytes are the bounds of a batch, as the template has them and
	// as Lambda does (6 MB of payload).
	batchSize  = 1000
	batchBytes = 6_000_000
	// timeout is the function's.
	timeout = 60 * time.Second
)

// mapping is the event source mapping of one topic and one function. It reads a
// real Kafka's records, invokes with batches of them, and heeds the answers as
// Lambda does: a partition goes on at the first record that failed; after an error, or
// an end of the process, all of the batch is brought again.
type mapping struct {
	t        *testing.T
	topic    string
	log      [][]records.Record
	function *runtimeapi.Function
	next     []int // by partition

	invocations, failures, again int
	// between, if set, is called before each invocation; taken when the function has
	// the payload of one.
	between, taken func(invocation int)
}

func (m *mapping) behind() bool {
	for p, log := range m.log {
		if m.next[p] < len(log) {
			return true
		}
	}
	return false
}

// run brings everything.
func (m *mapping) run() {
	m.t.Helper()
	m.next = make([]int, len(m.log))
	for m.behind() {
		m.invocations++
		if m.invocations > 10_000 {
			m.t.Fatalf("%s: no end after %d invocations", m.topic, m.invocations)
		}
		if m.between != nil {
			m.between(m.invocations)
		}
		m.invoke()
	}
}

func (m *mapping) invoke() {
	m.t.Helper()
	batch, ends := m.batch()
	payload := lambdatest.Payload(batch)
	if len(payload) > batchBytes {
		m.t.Fatalf("a payload of %d bytes", len(payload))
	}
	number := m.invocations
	raw, err := m.function.Invoke(payload, timeout, func() {
		if m.taken != nil {
			m.taken(number)
		}
	})
	if errors.Is(err, runtimeapi.ErrEnded) {
		m.failures++
		must(m.t, m.function.Restart())
		return
	}
	if fault := (*runtimeapi.FaultError)(nil); errors.As(err, &fault) {
		m.failures++
		return
	}
	must(m.t, err)
	var answer lambdatrigger.Answer
	must(m.t, json.Unmarshal(raw, &answer))
	for _, f := range answer.BatchItemFailures {
		m.again++
		for p := range m.log {
			if f.ItemIdentifier.Partition != m.name(p) {
				continue
			}
			if o := int(f.ItemIdentifier.Offset); o < m.next[p] || o >= ends[p] {
				m.t.Fatalf("%s: the answer names the offset %d of %s, and the batch had %d to %d", m.topic, o, m.name(p), m.next[p], ends[p]-1)
			}
			ends[p] = int(f.ItemIdentifier.Offset)
		}
	}
	m.next = ends
}

func (m *mapping) name(p int) string { return fmt.Sprintf("%s-%d", m.topic, p) }

// batch takes records of all partitions in turn, within the bounds, and returns
// where each partition is after it.
func (m *mapping) batch() (batch map[string][]records.Record, ends []int) {
	batch, ends = map[string][]records.Record{}, append([]int{}, m.next...)
	bytes := 1000
	for n, more := 0, true; more && n < batchSize; {
		more = false
		for p, log := range m.log {
			if ends[p] >= len(log) || n == batchSize {
				continue
			}
			r := &log[ends[p]]
			size := len(lambdatest.Record(nil, m.name(p), r)) + 1
			if bytes+size > batchBytes {
				return batch, ends
			}
			if int64(ends[p]) != r.Offset {
				m.t.Fatalf("%s has offset %d where %d is expected", m.name(p), r.Offset, ends[p])
			}
			batch[m.name(p)] = append(batch[m.name(p)], *r)
			ends[p]++
			n, bytes, more = n+1, bytes+size, true
		}
	}
	return batch, ends
}
