package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"comptoir/shared/event"
	"comptoir/shared/records"
)

const (
	catalogue = "product_id,name,category,buy_price,sell_price,min_margin_pct\n85123A,HEART,home,1.00,2.55,20\n22423,CAKESTAND,kitchen,6.00,12.75,20\n"
	shelf     = "product_id,lot,quantity,unit_cost,received_on,expiry_date\n22423,L1,10,6.00,2011-12-01,2011-12-11\n"
	lines     = sales +
		"536365,85123A,HEART,6,2011-12-08 08:26,2.55,17850,United Kingdom\n" +
		"536366,22423,CAKESTAND,100,2011-12-09 08:28,12.75,17850,United Kingdom\n" +
		"C536367,85123A,HEART,-2,2011-12-09 09:00,2.55,17850,United Kingdom\n"
)

// shop is a data directory and the files of a small shop's fortnight.
type shop struct {
	t     *testing.T
	dir   string
	files []string
	flags []string
}

func newShop(t *testing.T, flags ...string) *shop {
	dir := t.TempDir()
	return &shop{
		t: t, dir: filepath.Join(dir, "data"),
		files: []string{
			write(t, filepath.Join(dir, "lines.csv"), lines),
			write(t, filepath.Join(dir, "shelf.csv"), shelf),
			write(t, filepath.Join(dir, "catalogue.csv"), catalogue),
		},
		flags: append([]string{"--business-date", "2011-12-09", "--heartbeat-interval", "200ms"}, flags...),
	}
}

func (s *shop) args(args ...string) []string {
	return append(append(args, "--data", s.dir), s.flags...)
}

func (s *shop) do(args ...string) result { s.t.Helper(); return comptoir(s.t, s.args(args...)...) }

func (s *shop) must(args ...string) result {
	s.t.Helper()
	r := s.do(args...)
	if r.code != 0 {
		s.t.Fatalf("comptoir %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.stderr)
	}
	return r
}

func (s *shop) imports() result {
	s.t.Helper()
	return s.must(append([]string{"import", "--profile", "online-retail", "--currency", "GBP"}, s.files...)...)
}

// process is a comptoir that runs beside the test.
type process struct {
	cmd  *exec.Cmd
	mu   sync.Mutex
	text bytes.Buffer
	done chan struct{}
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func (s *shop) start(args ...string) *process {
	s.t.Helper()
	p := &process{done: make(chan struct{})}
	p.cmd = command(context.Background(), s.t, s.args(append(args, "--broker-addr", "127.0.0.1:0", "--query-addr", "127.0.0.1:0")...)...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its exit code is asked for below
		close(p.done)
	}()
	s.t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.done })
	return p
}

func (p *process) stop(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(40 * time.Second):
		t.Fatalf("it does not stop:\n%s", p.log())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("stopped with exit %d:\n%s", code, p.log())
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatal("it never came to be: ", what)
}

type clientsPage struct {
	Version string `json:"version"`
	Items   []struct {
		ID       string `json:"client_id"`
		Revenue  int64  `json:"revenue"`
		Orders   int64  `json:"orders"`
		Eligible bool   `json:"eligible"`
	} `json:"items"`
}

func (s *shop) clients() (page clientsPage) {
	s.t.Helper()
	r := s.must("export", "client-promotions", "--all", "--format", "json")
	if err := json.Unmarshal([]byte(r.out), &page); err != nil {
		s.t.Fatal(err)
	}
	return page
}

// wantFigures: 6 × 2.55 + 100 × 12.75 − 2 × 2.55 = 1,285.20, two orders.
func (s *shop) wantFigures() {
	s.t.Helper()
	page := s.clients()
	if len(page.Items) != 1 || page.Items[0].Revenue != 128520 || page.Items[0].Orders != 2 || !page.Items[0].Eligible {
		s.t.Errorf("the client is %+v, want 1,285.20 in 2 orders, eligible", page.Items)
	}
	s.must("verify", "--strict")
}

func TestImportBesideRun(t *testing.T) {
	s := newShop(t)
	run := s.start("run", "--currency", "GBP")
	eventually(t, "the parts run", func() bool { return strings.Contains(run.log(), "query: serving") })
	if r := s.do("run"); r.code != 1 || !strings.Contains(r.stderr, "runs already") {
		t.Errorf("a second run: exit %d, %s", r.code, r.stderr)
	}
	if r := s.do("republish", "--all"); r.code != 1 || !strings.Contains(r.stderr, "runs already") {
		t.Errorf("republish --all beside a run: exit %d, %s", r.code, r.stderr)
	}
	s.imports()
	eventually(t, "the sale is applied", func() bool {
		page := s.clients()
		return len(page.Items) == 1 && page.Items[0].Orders == 2
	})
	eventually(t, "the doctor is content", func() bool { return s.do("doctor").code == 0 })
	s.wantFigures()
	if r := s.imports(); !strings.Contains(r.out, "Nothing new") {
		t.Errorf("the same import again:\n%s", r.out)
	}
	s.must("republish", "sales/"+s.streamOf("17850")+":1-2")
	run.stop(t, syscall.SIGTERM)
	for _, says := range []string{"finishing what is in hand", `"stopped"`} {
		if !strings.Contains(run.log(), says) {
			t.Errorf("the log does not say %s:\n%s", says, run.log())
		}
	}
	s.wantFigures() // with everything stopped
	if r := s.do("doctor"); r.code != 1 || !strings.Contains(r.out, "nothing is running") {
		t.Errorf("the doctor, with everything stopped: exit %d\n%s", r.code, r.out)
	}
	again := s.start("run") // the ledger knows its currency
	eventually(t, "it runs again", func() bool { return strings.Contains(again.log(), "query: serving") })
	again.stop(t, os.Interrupt)
	s.wantFigures()
}

// streamOf returns the number of the partition of a key.
func (s *shop) streamOf(key string) string {
	return string(rune('0' + event.Partition(key, 8)))
}

func (s *shop) catchUp() result {
	s.t.Helper()
	return s.must("run", "--until-caught-up", "--broker-addr", "127.0.0.1:0", "--query-addr", "127.0.0.1:0")
}

func TestUntilCaughtUpAndALostLog(t *testing.T) {
	s := newShop(t)
	if r := s.must(append([]string{"import", "--profile", "online-retail", "--dry-run", "--currency", "GBP"}, s.files...)...); !strings.Contains(r.out, "Dry run") {
		t.Error(r.out)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("a dry run made the data directory: %v", err)
	}
	s.imports()
	if r := s.catchUp(); !strings.Contains(r.out, "everything recorded is applied") {
		t.Errorf("no summary:\n%s", r.out)
	}
	s.wantFigures()
	before := s.clients().Version
	s.catchUp()
	if after := s.clients().Version; after[:16] != before[:16] {
		t.Errorf("catching up again changed %s to %s", before, after)
	}

	// The broker's log is a copy: removed, it comes back from the ledger.
	if err := os.RemoveAll(filepath.Join(s.dir, "broker")); err != nil {
		t.Fatal(err)
	}
	r := s.do("run", "--broker-addr", "127.0.0.1:0", "--query-addr", "127.0.0.1:0")
	if r.code != 1 || !strings.Contains(r.complaint(), "republish --all") {
		t.Errorf("a run on a log that is gone: exit %d, %s", r.code, r.stderr)
	}
	s.must("republish", "--all", "--broker-addr", "127.0.0.1:0")
	s.catchUp()
	s.wantFigures()
}

// kafkaOutside is a Kafka that is not the embedded one, with some topics.
func kafkaOutside(t *testing.T, o ...kfake.Opt) (address string) {
	t.Helper()
	c, err := kfake.NewCluster(append(o, kfake.NumBrokers(1), kfake.DefaultNumPartitions(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}

func TestARecordThatIsNoCloudEventIsKeptAside(t *testing.T) {
	kafka := kafkaOutside(t)
	s := newShop(t, "--kafka-bootstrap-servers", kafka)
	s.imports()
	if r := s.do("run"); r.code != 1 || !strings.Contains(r.complaint(), "comptoir migrate") {
		t.Errorf("a Kafka without topics: exit %d, %s", r.code, r.stderr)
	}
	s.must("migrate")
	cluster, err := records.Connect(records.Config{Bootstrap: []string{kafka}})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	if _, err := cluster.Produce(t.Context(), "sales", 3, []event.Message{{Key: []byte("x"), Value: []byte("hello")}}); err != nil {
		t.Fatal(err)
	}
	if r := s.catchUp(); strings.Count(r.out, " 1 ") < 2 {
		t.Errorf("both functions that read sales must count one dead letter:\n%s", r.out)
	}
	s.wantFigures()
	if r := s.do("doctor"); !strings.Contains(r.out, "1 record kept aside") {
		t.Errorf("the doctor does not tell of it:\n%s", r.out)
	}
	listed := s.do("dead-letters", "list")
	if id, _, _ := strings.Cut(listed.out, " "); len(id) != 12 || !strings.Contains(listed.out, "sales/3@") || !strings.Contains(listed.out, "→ have its producer send CloudEvents") {
		t.Errorf("dead-letters list:\n%s", listed.out)
	} else if shown := s.do("dead-letters", "show", id[:6]); !strings.Contains(shown.out, "68 65 6c 6c 6f") || !strings.Contains(shown.out, `key      "x"`) {
		t.Errorf("dead-letters show:\n%s%s", shown.out, shown.stderr)
	}
	if r := s.do("dead-letters", "redrive", "--all", "--dry-run"); !strings.Contains(r.out, "1 record would be published again; nothing was.") {
		t.Errorf("dead-letters redrive --dry-run:\n%s%s", r.out, r.stderr)
	}
}

func TestATopicWithTooFewPartitions(t *testing.T) {
	s := newShop(t, "--kafka-bootstrap-servers", kafkaOutside(t, kfake.SeedTopics(2, "sales")))
	s.imports()
	for _, command := range []string{"migrate", "run"} {
		r := s.do(command, "--query-addr", "127.0.0.1:0")
		if r.code != 1 || !strings.Contains(r.complaint(), "2 partitions") {
			t.Errorf("%s: exit %d, %s", command, r.code, r.stderr)
		}
	}
}

func TestSendAsAnotherProducer(t *testing.T) {
	s := newShop(t)
	s.imports()
	s.catchUp()
	sold := `{"specversion":"1.0","id":"t-1","source":"/tills/1","type":"comptoir.client.invoiced","subject":"T-1","time":"2011-12-09T12:00:00Z",` +
		`"partitionkey":"17850","revision":1,"datacontenttype":"application/json","data":{"document_id":"T-1","date":"2011-12-09","net":1000,"currency":"GBP"}}` + "\n"
	good := write(t, filepath.Join(t.TempDir(), "till.jsonl"), sold)
	bad := write(t, filepath.Join(t.TempDir(), "bad.jsonl"), sold+"{\"specversion\":\n")
	for range 2 {
		s.must("send", good, "--broker-addr", "127.0.0.1:0")
	}
	if r := s.do("send", bad, "--broker-addr", "127.0.0.1:0"); r.code != 1 || !strings.Contains(r.complaint(), "line 2") {
		t.Errorf("a line that is no event: exit %d, %s", r.code, r.stderr)
	}
	s.catchUp()
	if page := s.clients(); page.Items[0].Revenue != 129520 || page.Items[0].Orders != 3 {
		t.Errorf("the till's sale, sent three times, must count once: %+v", page.Items)
	}
	if r := s.do("verify"); r.code != 0 || !strings.Contains(r.out, "other sources") {
		t.Errorf("verify must list the till's sale apart: exit %d\n%s", r.code, r.out)
	}
	if r := s.do("verify", "--strict"); r.code != 1 {
		t.Errorf("verify --strict must fail on the till's sale: exit %d", r.code)
	}
}
