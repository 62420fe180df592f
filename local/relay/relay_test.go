package relay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"comptoir/local/relay"
	"comptoir/shared/event"
	"comptoir/shared/records"
	"comptoir/shared/records/recordstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a relay until stop, which returns what Run returned.
func start(t *testing.T, l *books, addr string, options ...func(*relay.Options)) (r *relay.Relay, stop func() error) {
	t.Helper()
	o := relay.Options{Ledger: l, Cluster: recordstest.Connect(t, addr), Log: slog.New(slog.DiscardHandler), Heartbeat: 50 * time.Millisecond}
	for _, f := range options {
		f(&o)
	}
	r, err := relay.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r, running(t, r)
}

func running(t *testing.T, r *relay.Relay) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- r.Run(ctx) }()
	var done bool
	var got error
	stop = func() error {
		if !done {
			cancel()
			select {
			case got = <-result:
			case <-time.After(15 * time.Second):
				got = errors.New("the relay did not stop")
			}
			done = true
		}
		return got
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func level(t *testing.T, r *relay.Relay) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := r.Level(ctx); err != nil {
		t.Fatalf("it does not get level: %v; %+v", err, r.Status())
	}
}

// inOrder checks that each stream's partition has every event of the ledger, and
// none before those that precede it. It returns how many records are repetitions.
func inOrder(t *testing.T, c *records.Cluster, l *books) (repeated int) {
	t.Helper()
	decoder := event.NewDecoder()
	for _, topic := range event.LedgerTopics {
		for p := range l.Partitions() {
			stream := fmt.Sprintf("%s/%d", topic, p)
			var last int64
			for _, rec := range recordstest.ReadAll(t, c, topic, int32(p)) {
				ev, err := decoder.Decode(rec.Message, nil)
				if err != nil {
					t.Fatalf("%s@%d: %v", stream, rec.Offset, err)
				}
				switch {
				case ev.Source != l.source:
				case ev.Sequence == last+1:
					last++
				case ev.Sequence <= last:
					repeated++
				default:
					t.Fatalf("%s: sequence %d comes after %d", stream, ev.Sequence, last)
				}
			}
			if want := int64(len(l.log(stream))); last != want {
				t.Fatalf("%s ends at %d on Kafka and at %d in the ledger", stream, last, want)
			}
		}
	}
	return repeated
}

func TestEverythingIsPublishedInOrderAndNoted(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 3)
	l := newBooks(3)
	l.record(5000)
	r, stop := start(t, l, b.Addr())
	level(t, r)
	l.record(700)
	level(t, r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := inOrder(t, c, l); n != 0 {
		t.Errorf("%d records came twice with nothing wrong", n)
	}
	if got := l.published(); !maps.Equal(got, l.heads()) {
		t.Errorf("noted %v, want %v", got, l.heads())
	}
	// The next one goes on where this one stopped.
	l.record(10)
	r, stop = start(t, l, b.Addr())
	level(t, r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := inOrder(t, c, l); n != 0 {
		t.Errorf("%d records came twice after a restart", n)
	}
}

func TestAnEntryIsPublishedWithinMilliseconds(t *testing.T) {
	b := recordstest.Start(t)
	recordstest.Migrate(t, b.Connect(), 1)
	l := newBooks(1)
	r, _ := start(t, l, b.Addr())
	level(t, r)
	var worst, sum time.Duration
	const n = 30
	for range n {
		began := time.Now()
		l.record(1)
		level(t, r)
		took := time.Since(began)
		worst, sum = max(worst, took), sum+took
		time.Sleep(3 * time.Millisecond)
	}
	t.Logf("from recorded to acknowledged: %v on average, %v at worst", sum/n, worst)
	if sum/n > 500*time.Millisecond {
		t.Error("that is too long")
	}
}

func TestABrokerThatGoesAndComesBack(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 4)
	l := newBooks(4)
	r, stop := start(t, l, b.Addr())
	for range 3 {
		l.record(4000)
		time.Sleep(20 * time.Millisecond)
		b.Stop()
		l.record(500)
		time.Sleep(150 * time.Millisecond)
		if r.Status().Trouble == "" {
			t.Error("an interruption does not show")
		}
		b.Restart()
		level(t, r)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records came twice", inOrder(t, b.Connect(), l))
	if s := r.Status(); s.Trouble != "" || s.Published != s.Recorded {
		t.Errorf("in the end: %+v", s)
	}
}

// The broker appends and reports a time-out: the batch is there, and unknown.
func TestLostRepliesRepeatAndNeverSkip(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 2)
	l := newBooks(2)
	l.record(3000)
	lost := b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: 9})
	r, stop := start(t, l, b.Addr())
	level(t, r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if repeated := inOrder(t, c, l); lost.Hits() != 9 || repeated == 0 {
		t.Errorf("%d replies were lost and %d records repeated: nothing was proved", lost.Hits(), repeated)
	}
}

// The batch arrives and its reply does not: the relay sends it again.
func TestConnectionsThatGoDead(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 2)
	l := newBooks(2)
	var network recordstest.Network
	r, stop := start(t, l, b.Addr(), func(o *relay.Options) { o.Cluster = network.Connect(t, b.Addr(), 300*time.Millisecond) })
	level(t, r)
	for range 3 {
		network.Kill()
		l.record(1000)
		level(t, r)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if inOrder(t, c, l) == 0 {
		t.Error("nothing was repeated: nothing was proved")
	}
}

func TestTheStartIsRefusedWhereLedgerAndTopicsDisagree(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	l := newBooks(2)
	check := func() error {
		t.Helper()
		r, err := relay.New(relay.Options{Ledger: l, Cluster: b.Connect(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return r.Run(ctx)
	}
	refused := func(what string, want error, says ...string) {
		t.Helper()
		err := check()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
			return
		}
		for _, s := range says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q is not in: %v", what, s, err)
			}
		}
	}
	refused("no topics", records.ErrTopic, "comptoir migrate")
	recordstest.Migrate(t, c, 1)
	refused("too few partitions", records.ErrTopic, "1 partitions", "over 2")
	b.Stop()
	b.Recreate()
	recordstest.Migrate(t, b.Connect(), 2)

	l.record(900)
	old := l.clone()
	r, stop := start(t, l, b.Addr())
	level(t, r)
	l.record(50)
	level(t, r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	l, newer := old, l
	refused("a restored backup", relay.ErrAhead, "comptoir ledger new-epoch", "comptoir rebuild")
	// It was used meanwhile, and has more by now than the topics do.
	l.record(700)
	refused("a restored backup that was used", relay.ErrAhead, "is another event", "comptoir ledger new-epoch")

	// The note was lost in a crash: the tail tells.
	l = newer
	l.forget(20)
	r, stop = start(t, l, b.Addr())
	level(t, r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := inOrder(t, b.Connect(), l); n != 0 {
		t.Errorf("%d records came twice although the tail had them", n)
	}

	b.Stop()
	b.Recreate()
	recordstest.Migrate(t, b.Connect(), 2)
	refused("a log that was removed", relay.ErrBehind, "comptoir republish --all")
	r, err := relay.New(relay.Options{Ledger: l, Cluster: b.Connect(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	n, err := r.RepublishAll(t.Context(), nil)
	if err != nil || n != 950 {
		t.Fatalf("published %d again, %v", n, err)
	}
	inOrder(t, b.Connect(), l)
	r, stop = start(t, l, b.Addr())
	l.record(5)
	level(t, r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	inOrder(t, b.Connect(), l)
}

func TestARangeIsPublishedAgainAsItWas(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	l := newBooks(1)
	l.record(9000)
	r, stop := start(t, l, b.Addr())
	level(t, r)
	var done int64
	if err := r.Republish(t.Context(), "sales/0", 11, 2600, func(p relay.Progress) { done = p.Done }); err != nil || done != 2590 {
		t.Fatalf("%d done, %v", done, err)
	}
	for _, bad := range []struct {
		stream   string
		from, to int64
	}{{"sales/1", 1, 2}, {"sales/0", 0, 2}, {"sales/0", 5, 4}, {"sales/0", 1, 99999}} {
		if err := r.Republish(t.Context(), bad.stream, bad.from, bad.to, nil); err == nil || !strings.Contains(err.Error(), "the ledger has") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := inOrder(t, c, l); n != 2590 {
		t.Errorf("%d records came twice, want 2590", n)
	}
	all := recordstest.ReadAll(t, c, event.Sales, 0)
	first, again := all[10].Message, all[len(l.log("sales/0"))].Message
	if fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("published again it is another record:\n%q\n%q", first, again)
	}
	// A range at the end of the log does not look like a log that lost its end.
	l.record(3)
	r, stop = start(t, l, b.Addr())
	level(t, r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := inOrder(t, c, l); n != 2590 {
		t.Errorf("after a restart %d records came twice", n)
	}
}

// A heartbeat says what is on Kafka by then, and never more.
func TestHeartbeatsTellTheTruth(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 2)
	l := newBooks(2)
	l.record(2000)
	r, stop := start(t, l, b.Addr())
	seen := int64(-1)
	decoder := event.NewDecoder()
	var refused *kfake.FaultHandle
	for i := range 12 {
		if i == 8 { // heartbeats get through, events do not
			refused = b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "sales", Err: kerr.NotLeaderForPartition, Count: -1})
		}
		l.record(300)
		time.Sleep(30 * time.Millisecond)
		for _, rec := range recordstest.ReadAll(t, c, event.Heartbeats, 0) {
			if rec.Offset <= seen {
				continue
			}
			seen = rec.Offset
			ev, err := decoder.Decode(rec.Message, nil)
			if err != nil {
				t.Fatal(err)
			}
			beat, ok := ev.Data.(*event.Heartbeat)
			if !ok || ev.Key != l.source || beat.Currency != "GBP" {
				t.Fatalf("%+v", ev)
			}
			for stream, n := range beat.Streams {
				topic, p, _ := strings.Cut(stream, "/")
				held, err := c.Offsets(t.Context(), topic, int32(p[0]-'0'))
				if err != nil {
					t.Fatal(err)
				}
				if held.End < n {
					t.Fatalf("it says %s/%d and Kafka has %d", stream, n, held.End)
				}
				if want := l.recordedBefore(stream, ev.Time); n < want {
					t.Fatalf("by %v %s had %d, and it says %d", ev.Time, stream, want, n)
				}
			}
		}
	}
	refused.Remove()
	level(t, r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if seen < 2 || r.Status().Heartbeat.IsZero() {
		t.Errorf("%d heartbeats came", seen+1)
	}
}
