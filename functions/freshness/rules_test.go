package freshness

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comptoir/shared/event"
)

var start = time.Date(2012, 2, 29, 9, 0, 0, 0, time.UTC)

func heartbeat(second int, streams map[string]int64) *event.Event {
	return &event.Event{
		Attributes: event.Attributes{Source: "/ledgers/shop", Key: "/ledgers/shop", Type: event.RelayHeartbeat, Time: start.Add(time.Duration(second) * time.Second)},
		Data:       &event.Heartbeat{Currency: "GBP", Streams: streams},
	}
}

func TestTheLatestHeartbeatHoldsAsAWhole(t *testing.T) {
	var s State
	for _, step := range []struct {
		ev      *event.Event
		changed bool
		want    string
	}{
		{heartbeat(5, map[string]int64{"sales/3": 918, "clients/0": 7}), true, `{"time":"2012-02-29T09:00:05Z","currency":"GBP","streams":{"clients/0":7,"sales/3":918}}`},
		{heartbeat(5, map[string]int64{"sales/3": 918, "clients/0": 7}), false, `{"time":"2012-02-29T09:00:05Z","currency":"GBP","streams":{"clients/0":7,"sales/3":918}}`},
		{heartbeat(3, map[string]int64{"sales/3": 999}), false, `{"time":"2012-02-29T09:00:05Z","currency":"GBP","streams":{"clients/0":7,"sales/3":918}}`},
		{heartbeat(6, map[string]int64{"sales/3": 917}), true, `{"time":"2012-02-29T09:00:06Z","currency":"GBP","streams":{"sales/3":917}}`},
		// The ledger's clock was set back: time stands still, and entries are recorded.
		{heartbeat(6, map[string]int64{"sales/3": 920, "clients/0": 1}), true, `{"time":"2012-02-29T09:00:06Z","currency":"GBP","streams":{"clients/0":1,"sales/3":920}}`},
		{heartbeat(6, map[string]int64{"sales/3": 917}), false, `{"time":"2012-02-29T09:00:06Z","currency":"GBP","streams":{"clients/0":1,"sales/3":920}}`},
		{heartbeat(7, nil), true, `{"time":"2012-02-29T09:00:07Z","currency":"GBP","streams":{}}`},
	} {
		changed, err := Apply(&s, step.ev)
		if err != nil || changed != step.changed {
			t.Errorf("%s: changed %t, %v", step.ev.Time, changed, err)
		}
		if b, err := json.Marshal(s); err != nil || string(b) != step.want {
			t.Errorf("%s %v, want %s", b, err, step.want)
		}
	}
	if _, err := Apply(&s, &event.Event{Data: &event.Client{}}); err == nil {
		t.Error("an event of another function was applied")
	}
}

func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.SliceOfN(rapid.IntRange(1, 50), 1, 10).Draw(t, "heartbeats")
		var s State
		greatest := 0
		for _, n := range seconds {
			if _, err := Apply(&s, heartbeat(n, map[string]int64{"sales/0": int64(n)})); err != nil {
				t.Fatal(err)
			}
			greatest = max(greatest, n)
		}
		if s.Streams["sales/0"] != int64(greatest) || !s.Time.Equal(start.Add(time.Duration(greatest)*time.Second)) {
			t.Fatalf("%+v, want the heartbeat of second %d", s, greatest)
		}
	})
}
