package chain

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// The state is built anew while a run works and a file is imported, and is killed
// (SIGKILL) at each of its steps. The page is asked all the time and never goes back; in
// the end not an event is lost or counted twice.
func TestRebuildKilledAtEachStep(t *testing.T) {
	b := take(t, part)
	s := newShop(t)
	run, loader := s.start("run"), s.start(append(b.load(), "--stock-date", "2011-12-09")...)
	s.eventually("a tenth of the documents is recorded", func() bool { return s.recorded() > b.documents()/10 }, run, loader)
	page := s.watch(run)
	for _, step := range []string{"publishing what is recorded", "folding the event log", "verifying", "swapping", "closing the old epoch", "folding what came meanwhile"} {
		before := page.epoch()
		r := s.start("rebuild")
		s.eventually(step, func() bool { return strings.Contains(r.Err.String(), "rebuild: "+step) || !r.Running() })
		_ = r.Cmd.Process.Kill() // it may have ended just then
		r.wait()
		time.Sleep(50 * time.Millisecond)
		t.Logf("killed at %q with %d documents recorded: epoch %d before, %d after; %s", step, s.recorded(), before, page.epoch(), r.Cmd.ProcessState)
	}
	s.must("rebuild").cost("the rebuild after that")
	loader.exits(0)
	last := s.start("rebuild")
	s.eventually("a rebuild has begun", func() bool { return strings.Contains(last.Err.String(), "rebuild: publishing") })
	s.do("rebuild").refuses("the rebuild of", "runs already")
	last.exits(0).cost("a rebuild of all of it, beside the run")
	s.do("rebuild", "--forget").refuses("for less than a minute", "do it again in")
	page.end()
	run.signal(os.Interrupt)
	run.exits(0)
	s.catchUp()
	s.says(b)
}

// watcher asks for a page again and again.
type watcher struct {
	s       *shop
	url     string
	stop    chan struct{}
	ended   chan struct{}
	answers int
	last    string
	total   int // of products, the most that were shown
	faults  []string
}

func (s *shop) watch(run *process) *watcher {
	s.Helper()
	s.eventually("the API serves", func() bool { return run.QueryURL() != "" }, run)
	w := &watcher{s: s, url: run.QueryURL(), stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for {
			select {
			case <-w.stop:
				return
			case <-time.After(20 * time.Millisecond):
				w.ask()
			}
		}
	}()
	return w
}

func (w *watcher) ask() {
	resp, err := http.Get(w.url + "/v1/product-winners?window=all&limit=1")
	if err != nil {
		w.faults = append(w.faults, err.Error())
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var page struct {
		Version string `json:"version"`
		Total   int    `json:"total"`
	}
	if err == nil && resp.StatusCode == http.StatusOK {
		err = json.Unmarshal(body, &page)
	}
	switch {
	case err != nil || resp.StatusCode != http.StatusOK:
		w.faults = append(w.faults, resp.Status+" "+string(body))
	case page.Version < w.last:
		w.faults = append(w.faults, "version "+page.Version+" after "+w.last)
	case page.Total < w.total/2:
		w.faults = append(w.faults, fmt.Sprintf("version %s has %d products after %d", page.Version, page.Total, w.total))
	default:
		w.last, w.total = page.Version, max(w.total, page.Total)
	}
	w.answers++
}

func (w *watcher) end() {
	w.s.Helper()
	close(w.stop)
	<-w.ended
	w.s.Logf("the page was asked %d times, to version %s", w.answers, w.last)
	for _, f := range w.faults[:min(len(w.faults), 5)] {
		w.s.Errorf("the page: %s", f)
	}
}

// epoch is the one that the API shows.
func (w *watcher) epoch() (n int64) {
	w.s.Helper()
	resp, err := http.Get(w.url + "/v1/status")
	must(w.s, err)
	defer resp.Body.Close()
	var status struct {
		Epoch int64 `json:"epoch"`
	}
	must(w.s, json.NewDecoder(resp.Body).Decode(&status))
	return status.Epoch
}

// An old backup comes back where Kafka has more. It is refused, and the way out leads
// to figures as if what was lost had never been recorded; it is then recorded again.
func TestNewEpoch(t *testing.T) {
	b := take(t, part)
	s := newShop(t)
	load := append(b.load(), "--stock-date", "2011-12-09")
	run, loader := s.start("run"), s.start(load...)
	s.eventually("a third of the documents is recorded", func() bool { return s.recorded() > b.documents()/3 }, run, loader)
	old := s.home + "/old.db"
	s.must("backup", old)
	loader.exits(0)
	run.signal(os.Interrupt)
	run.exits(0)
	s.catchUp()
	s.do("ledger", "new-epoch").refuses("there is no need for a new epoch")

	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(s.file("ledger.db" + suffix)) // the latter two need not be there
	}
	s.must("restore", old)
	lost := b.documents() - s.recorded()
	if lost < 100 {
		t.Fatalf("the backup lacks only %d documents", lost)
	}
	t.Logf("the backup lacks %d documents", lost)
	s.do("run").refuses("comptoir ledger new-epoch", "comptoir rebuild")
	s.must("ledger", "new-epoch")
	s.do("run").refuses("run `comptoir rebuild`")
	parts := []string{"run", "relay", "broker"}
	if s.onKafka() {
		parts = parts[:2]
	}
	s.do(parts...).refuses("run `comptoir rebuild`")
	r := s.start("rebuild")
	s.eventually("the event log is folded", func() bool { return strings.Contains(r.Err.String(), "rebuild: verifying") }, r)
	r.kill()
	s.do("run").refuses("run `comptoir rebuild`")
	s.must("rebuild").cost("the rebuild of a new epoch")
	s.catchUp()
	s.must("verify", "--strict")
	if letters := s.must("dead-letters", "list").Out.String(); !strings.Contains(letters, "Nothing is waiting") {
		t.Errorf("there are dead letters:\n%s", letters)
	}
	s.must(load...)
	s.catchUp()
	s.says(b)
}
