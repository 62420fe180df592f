package kafkatrigger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
	"comptoir/shared/records/recordstest"
	"comptoir/shared/trigger/kafkatrigger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// prepare is what a test does to a consumer before it runs; nil for nothing.
var prepare func(*kafkatrigger.Consumer)

// start runs a consumer until stop, which returns what Run returned.
func start(t *testing.T, addr string, h kafkatrigger.Handler, options ...func(*kafkatrigger.Config)) (k *kafkatrigger.Consumer, stop func() error) {
	t.Helper()
	c := kafkatrigger.Config{
		Function: "test", Topics: []event.Topic{event.Sales}, Cluster: recordstest.Connect(t, addr), Handler: h,
		Log: slog.New(slog.DiscardHandler), SessionTimeout: time.Second, DrainTimeout: 5 * time.Second, StuckAfter: 10 * time.Second,
	}
	if bulks != nil {
		c.Bulk, c.BehindBy = func() kafkatrigger.Bulk { return bulks(h) }, 20
	}
	for _, f := range options {
		f(&c)
	}
	k, err := kafkatrigger.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(k)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- k.Run(ctx) }()
	var once sync.Once
	var got error
	stop = func() error {
		once.Do(func() {
			cancel()
			select {
			case got = <-result:
			case <-time.After(20 * time.Second):
				got = errors.New("the consumer did not stop")
			}
		})
		return got
	}
	t.Cleanup(func() { _ = stop() })
	return k, stop
}

func mustStop(t *testing.T, stop func() error) {
	t.Helper()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func caughtUp(t *testing.T, k *kafkatrigger.Consumer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := k.CaughtUp(ctx); err != nil {
		t.Fatalf("it does not catch up: %v; %+v", err, k.Status())
	}
}

func TestARestartGoesOnWhereItStopped(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 3)
	produce(t, c, 3, 3000)
	h := newHandler()
	k, stop := start(t, b.Addr(), h)
	caughtUp(t, k)
	mustStop(t, stop)
	h.complete(t, c, 3)
	if s := k.Status(); s.Phase != kafkatrigger.Stopped {
		t.Errorf("in the end: %+v", s)
	}
	n := h.count()
	produce(t, c, 3, 300)
	k, stop = start(t, b.Addr(), h)
	caughtUp(t, k)
	if s := k.Status(); s.Lag() != 0 || len(s.Partitions) != 3 || s.Phase != kafkatrigger.Reading {
		t.Errorf("level: %+v", s)
	}
	mustStop(t, stop)
	h.complete(t, c, 3)
	if got := h.count() - n; got != 300 {
		t.Errorf("the second run took %d records, want the 300 new ones", got)
	}
}

func TestABrokerThatGoesAndComesBack(t *testing.T) {
	b := recordstest.Start(t)
	recordstest.Migrate(t, b.Connect(), 2)
	h := newHandler()
	k, stop := start(t, b.Addr(), h)
	for range 2 {
		produce(t, b.Connect(), 2, 500)
		caughtUp(t, k)
		b.Stop()
		time.Sleep(300 * time.Millisecond)
		b.Restart()
		produce(t, b.Connect(), 2, 500)
		caughtUp(t, k)
	}
	mustStop(t, stop)
	h.complete(t, b.Connect(), 2)
}

// A broker or a network that goes silent without closing anything.
func TestConnectionsThatGoDead(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 3)
	var network recordstest.Network
	h := newHandler()
	k, stop := start(t, b.Addr(), h, func(c *kafkatrigger.Config) {
		c.Cluster, c.StuckAfter = network.Connect(t, b.Addr(), 500*time.Millisecond), 4*time.Second
	})
	for range 2 {
		produce(t, c, 3, 600)
		caughtUp(t, k)
		network.Kill()
	}
	produce(t, c, 3, 600)
	caughtUp(t, k)
	mustStop(t, stop)
	h.complete(t, c, 3)
}

func TestBatchesGrowWithTheLagAndNoFurther(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	produce(t, c, 1, 20_000)
	h := newHandler()
	h.pause = 20 * time.Millisecond
	k, stop := start(t, b.Addr(), h, func(c *kafkatrigger.Config) { c.BatchMaxRecords = 6000 })
	caughtUp(t, k)
	h.complete(t, c, 1)
	if h.largest() > 6000 || h.calls() > 8 {
		t.Errorf("%d batches, of at most %d records, for 20000 with a limit of 6000", h.calls(), h.largest())
	}
	// Level, a record is handed over when it comes.
	h.pause = 0
	var sum time.Duration
	for range 20 {
		began, calls := time.Now(), h.calls()
		produce(t, c, 1, 1)
		for h.calls() == calls {
			time.Sleep(200 * time.Microsecond)
		}
		sum += time.Since(began)
	}
	t.Logf("from sent to handled: %v on average", sum/20)
	if sum/20 > 500*time.Millisecond {
		t.Error("that is too long")
	}
	mustStop(t, stop)
}

func TestWhatIsToBeTriedAgainIsBroughtAgainFromThere(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 2)
	produce(t, c, 2, 5000)
	h := newHandler()
	h.pause = 5 * time.Millisecond // so that the next batch waits already when one fails
	failed := map[int64]bool{}
	h.fail = func(d []projection.Delivery) *projection.Position {
		middle := d[len(d)/2].Origin
		if middle.Partition != 1 || failed[d[0].Origin.Offset] {
			return nil
		}
		failed[middle.Offset] = true // where it begins the next time
		position := projection.Position(middle)
		return &position
	}
	k, stop := start(t, b.Addr(), h, func(c *kafkatrigger.Config) { c.BatchMaxRecords = 500 })
	caughtUp(t, k)
	for range 60 { // and so when it is level
		produce(t, c, 2, 2)
		time.Sleep(3 * time.Millisecond)
	}
	caughtUp(t, k)
	mustStop(t, stop)
	h.complete(t, c, 2)
	if len(failed) < 4 {
		t.Errorf("%d batches were tried again", len(failed))
	}
}

// An answer that is damaged behind its first batches loses none of them: they
// are read again with the rest.
func TestADamagedAnswerIsReadAgain(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	for range 30 {
		produce(t, c, 1, 100)
	}
	h := newHandler()
	var spoilt atomic.Int64
	prepare = func(k *kafkatrigger.Consumer) {
		k.SpoilAnswers(func(got records.Fetched) records.Fetched {
			if n := len(got.Batches); n > 10_000 && spoilt.Add(1) <= 3 {
				got.Batches[n-n/4] ^= 0xff
			}
			return got
		})
	}
	defer func() { prepare = nil }()
	k, stop := start(t, b.Addr(), h)
	caughtUp(t, k)
	mustStop(t, stop)
	h.complete(t, c, 1)
	if spoilt.Load() == 0 {
		t.Error("no answer was damaged")
	}
}

func TestPoisonComesWithItsRecord(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	produce(t, c, 1, 10)
	bad := event.Message{Key: []byte("k"), Value: []byte("no event"), Headers: []event.Header{{Key: "x", Value: []byte("y")}}}
	if _, err := c.Produce(t.Context(), "sales", 0, []event.Message{bad}); err != nil {
		t.Fatal(err)
	}
	produce(t, c, 1, 10)
	h := newHandler()
	h.morgue = records.NewMorgue(c, time.Now)
	k, stop := start(t, b.Addr(), h)
	caughtUp(t, k)
	mustStop(t, stop)
	h.complete(t, c, 1)
	var letters []records.StoredLetter
	if err := c.ReadDeadLetters(t.Context(), func(l records.StoredLetter) error { letters = append(letters, l); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(letters) != 1 || string(letters[0].Message.Value) != "no event" || letters[0].Origin.String() != "sales/0@10" || letters[0].Reason == "" {
		t.Errorf("dead letters: %+v", letters)
	}
}

func TestWhereAPartitionBegins(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	produce(t, c, 1, 100)
	for _, x := range []struct {
		name       string
		commit     bool // the whole log was committed by the run before
		checkpoint int64
		first      int64 // the first offset handled, -1 none
	}{
		{"nothing is known", false, -1, 0},
		{"the state knows, the group does not", false, 60, 0},
		{"both know", true, 100, -1},
		{"the state was restored", true, 40, 40},
		{"the state is new", true, -1, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			function := strings.ReplaceAll(x.name, " ", "-")
			named := func(c *kafkatrigger.Config) { c.Function = function }
			if x.commit {
				k, stop := start(t, b.Addr(), newHandler(), named)
				caughtUp(t, k)
				mustStop(t, stop)
			}
			h := newHandler()
			k, stop := start(t, b.Addr(), h, named, func(c *kafkatrigger.Config) { c.Checkpoints = checkpoint(x.checkpoint) })
			caughtUp(t, k)
			mustStop(t, stop)
			if got := h.first("sales", 0); got != x.first {
				t.Errorf("it begins at %d, want %d", got, x.first)
			}
		})
	}
	t.Run("the log was made anew", func(t *testing.T) {
		k, _ := start(t, b.Addr(), newHandler())
		caughtUp(t, k)
		_, stop := start(t, b.Addr(), newHandler(), func(c *kafkatrigger.Config) { c.Function, c.Checkpoints = "other", checkpoint(101) })
		time.Sleep(300 * time.Millisecond)
		if err := stop(); !errors.Is(err, kafkatrigger.ErrLogTooShort) || !strings.Contains(err.Error(), "comptoir republish --all") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("forgotten", func(t *testing.T) {
		if err := kafkatrigger.Forget(t.Context(), c, "both-know", "never-was"); err != nil {
			t.Fatal(err)
		}
		h := newHandler()
		k, stop := start(t, b.Addr(), h, func(c *kafkatrigger.Config) { c.Function = "both-know" })
		caughtUp(t, k)
		mustStop(t, stop)
		if h.first("sales", 0) != 0 {
			t.Error("it does not begin at the start")
		}
	})
	t.Run("no topic", func(t *testing.T) {
		empty := recordstest.Start(t)
		_, stop := start(t, empty.Addr(), newHandler())
		time.Sleep(200 * time.Millisecond)
		if err := stop(); !errors.Is(err, records.ErrTopic) || !strings.Contains(err.Error(), "comptoir migrate") {
			t.Errorf("got %v", err)
		}
	})
}

func TestStoppingFinishesTheBatchInHand(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	produce(t, c, 1, 50)
	h := newHandler()
	h.pause = 400 * time.Millisecond
	_, stop := start(t, b.Addr(), h)
	for h.calls() == 0 {
		time.Sleep(time.Millisecond)
	}
	mustStop(t, stop)
	h.complete(t, c, 1)
	again := newHandler()
	k, stop := start(t, b.Addr(), again)
	caughtUp(t, k)
	mustStop(t, stop)
	if n := again.count(); n != 0 {
		t.Errorf("%d records came again: the batch in hand was not committed", n)
	}
}

func TestStoppingIsBounded(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	produce(t, c, 1, 50)
	h := newHandler()
	h.pause = time.Hour
	_, stop := start(t, b.Addr(), h, func(c *kafkatrigger.Config) { c.DrainTimeout = 200 * time.Millisecond })
	for h.calls() == 0 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	mustStop(t, stop)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestTwoMembersShareThePartitions(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 4)
	produce(t, c, 4, 2000)
	one, two := newHandler(), newHandler()
	k1, stop1 := start(t, b.Addr(), one)
	caughtUp(t, k1)
	k2, stop2 := start(t, b.Addr(), two)
	for deadline := time.Now().Add(20 * time.Second); len(k1.Status().Partitions) != 2 || len(k2.Status().Partitions) != 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("they share %+v and %+v", k1.Status(), k2.Status())
		}
	}
	produce(t, c, 4, 2000)
	caughtUp(t, k1)
	caughtUp(t, k2)
	mustStop(t, stop2)
	produce(t, c, 4, 400)
	caughtUp(t, k1)
	mustStop(t, stop1)
	if two.count() == 0 {
		t.Error("the second had nothing to do")
	}
	if n := one.count() + two.count(); n != 4400 {
		t.Errorf("%d records were handled, want 4400 (none twice: both left in order)", n)
	}
}

func TestTheLogTellsWhatHappens(t *testing.T) {
	b := recordstest.Start(t)
	c := b.Connect()
	recordstest.Migrate(t, c, 1)
	var text safeBuffer
	began := time.Now()
	k, stop := start(t, b.Addr(), newHandler(), func(c *kafkatrigger.Config) {
		c.Log, c.Quiet = slog.New(slog.NewTextHandler(&text, nil)), 150*time.Millisecond
	})
	caughtUp(t, k)
	for range 50 {
		produce(t, c, 1, 1)
	}
	caughtUp(t, k)
	time.Sleep(600 * time.Millisecond)
	mustStop(t, stop)
	log := text.String()
	rest := log
	for _, want := range []string{
		`msg="waiting for events" function=test`, `msg="batch received" function=test topic=sales partition=0 records=1`,
		`msg=applied function=test topic=sales partition=0 records=`, `documents=`, `highest_offset=`, `took=`,
		`msg="no new data, last results kept" function=test`, `msg="stopping: draining"`, `msg=stopped`,
	} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q is not in its place in\n%s", want, log)
		}
		rest = after
	}
	// At most a second's lines for each second, however many events came, and one
	// about silence after something came.
	if n := strings.Count(log, "\n"); n > 8+4*int(time.Since(began)/time.Second) {
		t.Errorf("%d lines for 50 events:\n%s", n, log)
	}
	for i, part := range strings.Split(log, "no new data") {
		if i > 0 && !strings.Contains(part, "applied") && !strings.Contains(part, "stopping") {
			t.Errorf("silence is told twice:\n%s", log)
		}
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

type checkpoint int64

func (c checkpoint) Offset(context.Context, string, int32) (int64, bool, error) {
	return int64(c), c >= 0, nil
}

var (
	_ kafkatrigger.Handler     = (*projection.Engine)(nil)
	_ kafkatrigger.Checkpoints = (*projection.Engine)(nil)
)

func produce(t testing.TB, c *records.Cluster, partitions, n int) {
	t.Helper()
	for p := range partitions {
		held, err := c.Offsets(t.Context(), "sales", int32(p))
		if err != nil {
			t.Fatal(err)
		}
		for left, from := n/partitions, held.End; left > 0; left -= 1000 {
			base, err := c.Produce(t.Context(), "sales", int32(p), sales(from+1, min(left, 1000), p))
			if err != nil {
				t.Fatal(err)
			}
			from = base + 1000
		}
	}
}

func sales(from int64, n, partition int) []event.Message {
	all := make([]event.Message, n)
	for i := range all {
		sequence := from + int64(i)
		key := strconv.FormatInt(20000+sequence%700, 10)
		all[i] = event.Encode(event.Attributes{
			ID: fmt.Sprintf("0198c5f2-9d4e-7c3a-8d1b-%012d", sequence), Source: "/ledgers/0198c5f2-9d4e-7c3a-8d1b-2f6b8f0a1c3d",
			Type: event.ProductSold, Subject: fmt.Sprintf("INV-%06d", sequence/20), Time: time.Unix(1323432000+sequence, 0).UTC(), Key: key,
			Revision: sequence, Stream: fmt.Sprintf("sales/%d", partition), Sequence: sequence,
		}, event.MarshalData(&event.ProductSale{
			DocumentID: fmt.Sprintf("INV-%06d", sequence/20), Date: event.NewDate(2011, 12, 9), Name: "PRODUCT " + key, Quantity: 3000, Net: 1234, Currency: "GBP",
		}))
	}
	return all
}
