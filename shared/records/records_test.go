package records_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/records/recordstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func message(i int) event.Message {
	return event.Message{
		Key: fmt.Appendf(nil, "key-%d", i%7), Value: fmt.Appendf(nil, `{"n":%d}`, i),
		Headers: []event.Header{{Key: "ce_id", Value: fmt.Appendf(nil, "id-%d", i)}, {Key: "empty", Value: []byte{}}},
	}
}

func messages(from, to int) []event.Message {
	var all []event.Message
	for i := from; i < to; i++ {
		all = append(all, message(i))
	}
	return all
}

func TestTopicsAreMadeOnceAndNeverTooNarrow(t *testing.T) {
	c := recordstest.Kafka(t)
	names := c.Topics()
	ctx := t.Context()
	if err := c.Check(ctx, records.Layout{Partitions: 8}); !errors.Is(err, records.ErrTopic) || !strings.Contains(err.Error(), "comptoir migrate") {
		t.Errorf("before they are made: %v", err)
	}
	created, err := c.Migrate(ctx, records.Layout{Partitions: 8})
	if err != nil || len(created) != 5 {
		t.Fatalf("made %v, %v", created, err)
	}
	if created, err = c.Migrate(ctx, records.Layout{Partitions: 8}); err != nil || len(created) != 0 {
		t.Errorf("the second time it made %v, %v", created, err)
	}
	for name, want := range map[string]int{names.Name(event.Sales): 8, names.Name(event.Inventory): 8, names.Name(event.Clients): 8, names.Name(event.Heartbeats): 1, names.Name(event.DeadLetters): 1, names.Name(event.Sales) + "-others": 0} {
		if n, err := c.Partitions(ctx, name); err != nil || n != want {
			t.Errorf("%s has %d partitions, %v; want %d", name, n, err, want)
		}
	}
	r, err := c.Client().DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: names.Name(event.Sales), ConfigNames: []string{"retention.ms"}},
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: names.Name(event.Heartbeats), ConfigNames: []string{"cleanup.policy"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, res := range r.Resources {
		for _, e := range res.ConfigEntries {
			got[res.ResourceName] = e.ConfigValue
		}
	}
	if want := map[string]string{names.Name(event.Sales): "-1", names.Name(event.Heartbeats): "compact"}; !reflect.DeepEqual(got, want) {
		t.Errorf("settings: %v, want %v", got, want)
	}
	for _, err := range []error{
		c.Check(ctx, records.Layout{Partitions: 9}),
		func() error { _, err := c.Migrate(ctx, records.Layout{Partitions: 9}); return err }(),
	} {
		if !errors.Is(err, records.ErrTopic) || !strings.Contains(err.Error(), "8 partitions") || !strings.Contains(err.Error(), "TOPIC_SALES") {
			t.Errorf("too few partitions: %v", err)
		}
	}
}

func TestConfigurationIsRefusedWithWhatToDo(t *testing.T) {
	for _, c := range []struct {
		config records.Config
		says   string
	}{
		{records.Config{}, "KAFKA_BOOTSTRAP_SERVERS"},
		{records.Config{Bootstrap: []string{"kafka"}}, "host:port"},
		{records.Config{Bootstrap: []string{"kafka:9092"}, Topics: records.Topics{Sales: "inventory"}}, "same name"},
	} {
		if _, err := records.Connect(c.config); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.config, err)
		}
	}
	c := recordstest.Connect(t, "127.0.0.1:1")
	if err := c.Check(t.Context(), records.Layout{Partitions: 1}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || errors.Is(err, records.ErrTopic) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestWhatIsProducedIsReadBack(t *testing.T) {
	c := recordstest.Kafka(t)
	sales := c.Topics().Name(event.Sales)
	recordstest.Migrate(t, c, 2)
	ctx := t.Context()
	want := messages(0, 500)
	want = append(want, event.Message{Value: []byte("no key, no headers"), Headers: []event.Header{}}, event.Message{Key: []byte{}, Headers: []event.Header{}})
	for _, from := range []int{0, 300} {
		if base, err := c.Produce(ctx, sales, 1, want[from:min(len(want), from+300)]); err != nil || base != int64(from) {
			t.Fatalf("base %d, %v", base, err)
		}
	}
	all := recordstest.ReadAll(t, c, event.Sales, 1)
	for i := range want {
		if got := all[i]; got.Offset != int64(i) || !reflect.DeepEqual(got.Message, want[i]) {
			t.Fatalf("record %d: %q, want %q", i, got.Message, want[i])
		}
	}
	if m, err := c.Reread(ctx, projection.Origin{Topic: sales, Partition: 1, Offset: 7}); err != nil || len(m.Key) == 0 {
		t.Errorf("read again: %q, %v", m, err)
	}
	if _, err := c.Reread(ctx, projection.Origin{Topic: sales, Partition: 1, Offset: 900}); err == nil {
		t.Error("a record that is not there was read")
	}
	// The end of a partition, backwards until enough was seen.
	var seen []int64
	err := c.Tail(ctx, sales, 1, func(r *records.Record) error { seen = append(seen, r.Offset); return nil }, func() bool { return slices.Contains(seen, 400) })
	if err != nil || len(seen) != 502 && len(seen) != 64+512-74 || seen[0] != 438 || seen[63] != 501 {
		t.Errorf("tail: %d records from %d, %v", len(seen), seen[0], err)
	}
}

func TestKeysOfOtherProducersKeepTheirPartition(t *testing.T) {
	c := recordstest.Kafka(t)
	recordstest.Migrate(t, c, 5)
	all := messages(0, 700)
	all[3].Value = incompressible(records.MaxBatchBytes - 100)
	if n, err := c.Send(t.Context(), event.Sales, all); err != nil || n != 700 {
		t.Fatalf("%d sent, %v", n, err)
	}
	total := 0
	for p := range int32(5) {
		last := map[string]string{}
		for _, r := range recordstest.ReadAll(t, c, event.Sales, p) {
			total++
			key := string(r.Message.Key)
			if event.Partition(key, 5) != int(p) {
				t.Fatalf("%s is in partition %d", key, p)
			}
			id := string(r.Message.Headers[0].Value)
			if len(id) < len(last[key]) || len(id) == len(last[key]) && id <= last[key] {
				t.Fatalf("%s comes after %s", id, last[key])
			}
			last[key] = id
		}
	}
	if total != 700 {
		t.Errorf("%d are there", total)
	}
	if _, err := recordstest.Kafka(t).Send(t.Context(), event.Sales, all[:1]); !errors.Is(err, records.ErrTopic) {
		t.Errorf("without a topic: %v", err)
	}
}

func TestDeadLettersKeepTheOriginal(t *testing.T) {
	c := recordstest.Kafka(t)
	recordstest.Migrate(t, c, 1)
	at := time.Date(2011, 12, 9, 12, 0, 0, 5, time.UTC)
	m := records.NewMorgue(c, func() time.Time { return at })
	var letters []projection.DeadLetter
	for i := range 3 {
		msg := message(i)
		if i == 2 { // larger than a batch with another
			msg.Value = []byte(strings.Repeat("x", records.MaxBatchBytes-10))
		}
		letters = append(letters, projection.DeadLetter{
			Function: "product-winners", Origin: projection.Origin{Topic: "sales", Partition: 3, Offset: int64(100 + i)},
			Reason: fmt.Sprintf("because %d: \xff é", i), Message: msg,
		})
	}
	letters = append(letters, projection.DeadLetter{Function: "f", Origin: projection.Unplaced, Reason: strings.Repeat("é", 3000), Message: message(9)})
	if err := m.Bury(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	var got []records.StoredLetter
	if err := c.ReadDeadLetters(t.Context(), func(l records.StoredLetter) error { got = append(got, l); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(letters) {
		t.Fatalf("%d letters, want %d", len(got), len(letters))
	}
	letters[3].Reason = got[3].Reason
	for i, l := range got {
		if !reflect.DeepEqual(l.DeadLetter, letters[i]) || !l.Time.Equal(at) || l.Offset != int64(i) {
			t.Errorf("letter %d: %.200v\nwant %.200v", i, l, letters[i])
		}
	}
	if n := len(got[3].Reason); n != 2000 {
		t.Errorf("a reason of %d bytes is kept", n)
	}
}

// What the broker refuses comes in the response, not as an error of the call.
func TestAProduceThatIsRefusedIsAnError(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := c.Produce(ctx, "sales", 0, []event.Message{{Value: incompressible(2 << 20)}}); err == nil || !strings.Contains(err.Error(), "sales/0") {
		t.Errorf("too large: %v", err)
	}
	if _, err := c.Produce(ctx, "sales", 1, messages(0, 1)); err == nil {
		t.Error("a partition that is not there took records")
	}
	b.Stop()
	if _, err := c.Produce(ctx, "sales", 0, messages(0, 1)); err == nil {
		t.Error("a stopped broker took records")
	}
	b.Restart()
	for {
		base, err := c.Produce(ctx, "sales", 0, messages(0, 1))
		if err == nil {
			if base != 0 {
				t.Errorf("refused records are in the log: base %d", base)
			}
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func incompressible(n int) []byte {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}
