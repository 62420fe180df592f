package sender_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"comptoir/local/sender"
	"comptoir/shared/event"
	"comptoir/shared/records/recordstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const partitions = 2

func sale(n int) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"t-%d","source":"/tills/1","type":"comptoir.client.invoiced","subject":"T-%d","time":"2011-12-09T12:00:00Z",`+
		`"partitionkey":"C%d","revision":%d,"datacontenttype":"application/json","data":{"document_id":"T-%d","date":"2011-12-09","net":1000,"currency":"GBP"}}`+"\n", n, n, n%5, n/5+1, n)
}

// till hands out one line a read, and notes when the last was asked for.
type till struct {
	lines []string
	last  time.Time
}

func (l *till) Read(p []byte) (int, error) {
	if len(l.lines) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.lines[0])
	l.lines, l.last = l.lines[1:], time.Now()
	return n, nil
}

// A Kafka that is away makes events late and not fewer a second: the lines are
// taken when they are due, and each event is there once, those of a key in order.
func TestOpenLoop(t *testing.T) {
	broker := recordstest.Start(t)
	c := broker.Connect()
	recordstest.Migrate(t, c, partitions)
	in := &till{}
	const events, rate = 300, 300
	for n := range events {
		in.lines = append(in.lines, sale(n))
	}
	const away = 1500 * time.Millisecond
	began := time.Now()
	away1 := time.AfterFunc(200*time.Millisecond, broker.Stop)
	defer away1.Stop()
	back := make(chan struct{})
	time.AfterFunc(200*time.Millisecond+away, func() { broker.Restart(); close(back) })
	report, err := sender.Send(t.Context(), sender.Options{In: in, Name: "the till", Cluster: c, Partitions: partitions, Rate: rate})
	<-back
	if err != nil || report.Sent != events {
		t.Fatalf("%d of %d events were acknowledged: %v", report.Sent, events, err)
	}
	t.Logf("late: median %s, p99 %s, at most %s", report.Late.Median, report.Late.P99, report.Late.Max)
	if took := in.last.Sub(began); took < 900*time.Millisecond || took > 200*time.Millisecond+away {
		t.Errorf("the last line was taken after %s, at this rate it was due after 1 s: sending waits for Kafka", took)
	}
	if report.Late.Max < away/2 || report.Late.Median > report.Late.P99 || report.Late.P99 > report.Late.Max {
		t.Errorf("Kafka was away for %s, and events are told to be late by %+v", away, report.Late)
	}
	next := map[string]int{}
	for p := range int32(partitions) {
		for _, r := range recordstest.ReadAll(t, c, event.Sales, p) {
			e, err := event.NewDecoder().Decode(r.Message, nil)
			if err != nil {
				t.Fatal(err)
			}
			switch want := next[e.Key] + 1; {
			case int(e.Revision) == want:
				next[e.Key] = want
			case int(e.Revision) > want:
				t.Fatalf("revision %d of %s comes where %d must be", e.Revision, e.Key, want)
			}
		}
	}
	for key, n := range next {
		if n != events/5 {
			t.Errorf("%s has %d events, want %d", key, n, events/5)
		}
	}
	if len(next) != 5 {
		t.Errorf("there are events of %d keys, want 5", len(next))
	}
}

// A line that is no event ends it with its number; those before it are sent.
func TestALineThatIsNoEvent(t *testing.T) {
	c := recordstest.Start(t).Connect()
	recordstest.Migrate(t, c, partitions)
	report, err := sender.Send(t.Context(), sender.Options{In: strings.NewReader(sale(0) + sale(1) + "{}\n" + sale(2)), Name: "the till", Cluster: c, Partitions: partitions})
	if report.Sent != 2 || err == nil || !strings.Contains(err.Error(), "the till: line 3") {
		t.Errorf("%d events were sent, want 2, and line 3 refused: %v", report.Sent, err)
	}
}
