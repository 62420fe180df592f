package relay_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"comptoir/local/ledger"
	"comptoir/local/relay"
	"comptoir/shared/event"
	"comptoir/shared/records/recordstest"
)

var _ relay.Ledger = (*ledger.Ledger)(nil)

// What a real ledger records is published as it was recorded, while it records.
func TestARealLedgerIsPublished(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 4)
	l, err := ledger.Create(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), ledger.Setup{Currency: "GBP", Partitions: 4},
		ledger.Options{Zone: time.UTC, BusinessDate: event.NewDate(2011, 12, 9)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err := relay.New(relay.Options{Ledger: l, Cluster: b.Connect(), Heartbeat: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, r)
	for i := range 40 {
		err := l.Record(t.Context(), "test", func(tx *ledger.Tx) error {
			if _, err := tx.PutProduct(ledger.Product{ID: fmt.Sprint("P", i), Name: "PRODUCT", Kind: event.KindStock}); err != nil {
				return err
			}
			_, err := tx.PutClient(ledger.Client{ID: fmt.Sprint("C", i), Name: "CLIENT"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	level(t, r)
	// A heartbeat follows what it covers, so that being level is no sign that one went.
	for end := time.Now().Add(30 * time.Second); r.Status().Heartbeat.IsZero() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	heads, _, err := l.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	noted, err := l.Published(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(heads, func(_ string, n int64) bool { return n == 0 })
	maps.DeleteFunc(noted, func(_ string, n int64) bool { return n == 0 })
	if !maps.Equal(heads, noted) || len(heads) == 0 {
		t.Errorf("noted %v, want %v", noted, heads)
	}
	decoder := event.NewDecoder()
	for _, topic := range event.LedgerTopics {
		for p := range 4 {
			stream := fmt.Sprintf("%s/%d", topic, p)
			logged, err := l.Events(t.Context(), stream, 1, 1000)
			if err != nil {
				t.Fatal(err)
			}
			all := recordstest.ReadAll(t, c, topic, int32(p))
			if len(all) != len(logged) {
				t.Fatalf("%s: %d on Kafka, %d recorded", stream, len(all), len(logged))
			}
			for i, rec := range all {
				ev, err := decoder.Decode(rec.Message, nil)
				if err != nil {
					t.Fatal(err)
				}
				if ev.Attributes != logged[i].Attributes || string(rec.Message.Value) != string(logged[i].Data) {
					t.Fatalf("%s: %+v, want %+v", stream, ev.Attributes, logged[i].Attributes)
				}
			}
		}
	}
	if len(recordstest.ReadAll(t, c, event.Heartbeats, 0)) == 0 {
		t.Error("no heartbeat came")
	}
}
