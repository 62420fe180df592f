package lambdatrigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/trigger/lambdatrigger"
	"comptoir/shared/trigger/lambdatrigger/lambdatest"
)

// handler notes what it is given.
type handler struct {
	batches [][]projection.Delivery
	outcome func(batch []projection.Delivery) projection.Outcome
	pause   time.Duration
}

func (h *handler) Handle(_ context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report) {
	h.batches = append(h.batches, batch)
	time.Sleep(h.pause)
	if h.outcome == nil {
		return projection.Outcome{}, projection.Report{Records: len(batch)}
	}
	return h.outcome(batch), projection.Report{Records: len(batch)}
}

func (h *handler) records() (all []projection.Delivery) {
	for _, b := range h.batches {
		all = append(all, b...)
	}
	return all
}

func invoke(t *testing.T, ctx context.Context, h *handler, payload string, round int) (string, error) {
	t.Helper()
	b, err := lambdatrigger.New(lambdatrigger.Config{Handler: h, RoundRecords: round}).Invoke(ctx, []byte(payload))
	return string(b), err
}

const sold = `{"topic":"sales","partition":0,"offset":7,"timestamp":1545084650987,"timestampType":"CREATE_TIME",%}`

func payload(source, members string) string {
	return `{"eventSource":"` + source + `","records":{"sales-0":[` + strings.Replace(sold, "%", members, 1) + `]}}`
}

// What MSK sends, in every form that it has been seen in.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		key, value    string
		headers       []event.Header
	}{
		{"a header above 127, as Java writes it", payload("aws:kafka", `"key":"aw==","value":"dg==","headers":[{"a":[99,-61,-87]},{"b":[]}]`), "k", "v", []event.Header{{Key: "a", Value: []byte("cé")}, {Key: "b"}}},
		{"a header above 127, as it is", payload("SelfManagedKafka", `"key":"aw==","value":"dg==","headers":[{"a":[99, 195, 169]}]`), "k", "v", []event.Header{{Key: "a", Value: []byte("cé")}}},
		{"null", payload("aws:SelfManagedKafka", `"key":null,"value":null,"headers":[{"a":null}]`), "", "", []event.Header{{Key: "a"}}},
		{"empty", payload("aws:kafka", `"key":"","value":"","headers":[]`), "", "", nil},
		{"nothing", payload("aws:kafka", `"headers":null`), "", "", nil},
	} {
		h := &handler{}
		answer, err := invoke(t, t.Context(), h, c.payload, 0)
		if err != nil || answer != `{"batchItemFailures":[]}` {
			t.Errorf("%s: %s %v", c.name, answer, err)
			continue
		}
		m := h.records()[0].Message
		if string(m.Key) != c.key || string(m.Value) != c.value || len(m.Headers) != len(c.headers) {
			t.Errorf("%s: %q %q %q", c.name, m.Key, m.Value, m.Headers)
			continue
		}
		for i := range c.headers {
			if m.Headers[i].Key != c.headers[i].Key || string(m.Headers[i].Value) != string(c.headers[i].Value) {
				t.Errorf("%s: header %q", c.name, m.Headers[i])
			}
		}
	}
}

// What cannot be trusted brings all of the batch again, and nothing of it is handled.
func TestPayloadsThatCannotBeTrusted(t *testing.T) {
	for name, p := range map[string]string{
		"no JSON":                    `records`,
		"nothing":                    ``,
		"an HTTP request":            `{"version":"2.0","rawPath":"/"}`,
		"another source":             payload("aws:kinesis", `"headers":[]`),
		"no records":                 `{"eventSource":"aws:kafka"}`,
		"null records":               `{"eventSource":"aws:kafka","records":null}`,
		"a value that is no base64":  payload("aws:kafka", `"value":"§"`),
		"a key that is no base64":    payload("aws:kafka", `"key":"aw="`),
		"a header that is no byte":   payload("aws:kafka", `"headers":[{"a":[256]}]`),
		"a header below all bytes":   payload("aws:kafka", `"headers":[{"a":[-129]}]`),
		"a header that is a text":    payload("aws:kafka", `"headers":[{"a":"b"}]`),
		"a record of elsewhere":      strings.Replace(payload("aws:kafka", `"headers":[]`), `"sales-0"`, `"sales-1"`, 1),
		"a member twice":             payload("aws:kafka", `"value":"dg==","value":"dw=="`),
		"an offset that is a text":   `{"eventSource":"aws:kafka","records":{"sales-0":[{"topic":"sales","partition":0,"offset":"7"}]}}`,
		"a record without an offset": `{"eventSource":"aws:kafka","records":{"sales-0":[{"topic":"","partition":0}]}}`,
	} {
		h := &handler{}
		if answer, err := invoke(t, t.Context(), h, p, 0); err == nil || answer != "" || len(h.batches) > 0 {
			t.Errorf("%s: %q, %v, %d batches", name, answer, err, len(h.batches))
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

func batch(partitions map[string]int) string {
	all := map[string][]records.Record{}
	for name, n := range partitions {
		for o := range n {
			all[name] = append(all[name], records.Record{Offset: int64(100 + o), Message: event.Message{Value: []byte("x")}})
		}
	}
	return string(lambdatest.Payload(all))
}

// A partition that fails is not gone on with, and holds up no other; nothing after
// what failed is claimed.
func TestPartialFailures(t *testing.T) {
	h := &handler{outcome: func(batch []projection.Delivery) (out projection.Outcome) {
		for _, d := range batch {
			if d.Origin.Partition == 1 && d.Origin.Offset == 105 {
				out.Retry, out.Err = []projection.Position{projection.Position(d.Origin)}, errors.New("not yet")
			}
		}
		return out
	}}
	answer, err := invoke(t, t.Context(), h, batch(map[string]int{"sales-0": 30, "sales-1": 20, "inventory-1": 12}), 12)
	if want := `{"batchItemFailures":[{"itemIdentifier":{"partition":"sales-1","offset":105}}]}`; err != nil || answer != want {
		t.Fatalf("%s %v, want %s", answer, err, want)
	}
	counts, last := map[string]int{}, map[string]int64{}
	for _, d := range h.records() {
		name := d.Origin.Topic + "-" + string(rune('0'+d.Origin.Partition))
		if d.Origin.Offset <= last[name] {
			t.Errorf("%s@%d after %d", name, d.Origin.Offset, last[name])
		}
		last[name] = d.Origin.Offset
		counts[name]++
	}
	if counts["sales-0"] != 30 || counts["inventory-1"] != 12 || counts["sales-1"] != 8 {
		t.Errorf("handled %v", counts)
	}
}

// Before Lambda would end the process it says what was done and what was not.
func TestTheDeadline(t *testing.T) {
	h := &handler{pause: 150 * time.Millisecond}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	answer, err := invoke(t, ctx, h, batch(map[string]int{"sales-0": 200, "sales-1": 2}), 10)
	if err != nil || ctx.Err() != nil {
		t.Fatalf("%v, %v", err, ctx.Err())
	}
	var a lambdatrigger.Answer
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatal(err)
	}
	var done int64
	for _, d := range h.records() {
		if d.Origin.Partition == 0 {
			done++
		}
	}
	if len(a.BatchItemFailures) != 1 || a.BatchItemFailures[0].ItemIdentifier != (lambdatrigger.Item{Partition: "sales-0", Offset: 100 + done}) || done == 0 || done == 200 {
		t.Errorf("%s after %d records", answer, done)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	h = &handler{}
	answer, err = invoke(t, over, h, batch(map[string]int{"sales-0": 2, "sales-1": 2}), 0)
	if want := `{"batchItemFailures":[{"itemIdentifier":{"partition":"sales-0","offset":100}},{"itemIdentifier":{"partition":"sales-1","offset":100}}]}`; err != nil || answer != want || len(h.batches) > 0 {
		t.Errorf("after its end: %s %v", answer, err)
	}
}
