package chain

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"comptoir/test/command"
)

// Ctrl+C in the middle of loading: what is in hand is finished, the exit code is
// 0, and the next run goes on and ends with the same figures.
func TestCtrlC(t *testing.T) {
	b := take(t, part)
	s := newShop(t)
	load := append(b.load(), "--stock-date", "2011-12-09")
	run, loader := s.start("run"), s.start(load...)
	s.eventually("a third of the documents is recorded", func() bool { return s.recorded() > b.documents()/3 }, run, loader)
	stopped := time.Now()
	run.signal(os.Interrupt)
	loader.signal(os.Interrupt)
	run.exits(0)
	t.Logf("run drained and ended %.2f s after Ctrl+C", time.Since(stopped).Seconds())
	loader.refuses("stopped before it was done", "run it again to go on")
	for _, line := range []string{"finishing what is in hand", `"stopped"`} {
		if !strings.Contains(run.Err.String(), line) {
			t.Errorf("the log does not say %s:\n%s", line, command.Tail(run.Err.String()))
		}
	}
	if n := s.recorded(); n >= b.documents() {
		t.Fatalf("all %d documents were recorded before it was stopped", n)
	}

	// On with it, and once more with the functions behind, by SIGTERM.
	s.must(load...)
	run = s.start("run")
	s.eventually("a batch is applied", func() bool {
		return strings.Contains(run.Err.String(), "product-winners") && strings.Contains(run.Err.String(), "documents")
	})
	stopped = time.Now()
	run.signal(syscall.SIGTERM)
	run.exits(0)
	t.Logf("run with a backlog drained and ended %.2f s after SIGTERM", time.Since(stopped).Seconds())

	twice(t, s)
	s.catchUp()
	s.says(b)
}

// Ctrl+C while it still waits for a store that takes connections and says nothing.
func TestCtrlCAtTheStart(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	met := make(chan net.Conn, 1)
	go func() {
		c, err := silent.Accept()
		if err == nil {
			met <- c
		}
	}()
	s := newShop(t)
	uri := "mongodb://" + silent.Addr().String() + "/"
	run := s.start("run", "--mongodb-uri", uri)
	select {
	case c := <-met:
		defer c.Close()
	case <-run.Ended:
		t.Fatalf("it ended before it asked the store:\n%s", command.Tail(run.Err.String()))
	case <-time.After(patience):
		t.Fatal("it never asked the store")
	}
	run.signal(os.Interrupt)
	run.exits(0)
	s.do("run", "--mongodb-uri", uri).refuses("the state in MongoDB at "+silent.Addr().String(), "does not answer", "MONGODB_URI")
}

// twice sees a second Ctrl+C end at once what waits for a reader that is slow.
func twice(t *testing.T, s *shop) {
	t.Helper()
	run := s.start("run")
	var address string
	s.eventually("the API serves", func() bool {
		address = strings.TrimPrefix(run.QueryURL(), "http://")
		return address != ""
	}, run)
	reader, err := net.Dial("tcp", address)
	must(t, err)
	defer reader.Close()
	_, err = reader.Write([]byte("GET /v1/overview HTTP/1.1\r\nHost: shop\r\n")) // the end of the request never comes
	must(t, err)
	time.Sleep(50 * time.Millisecond)
	run.signal(os.Interrupt)
	s.eventually("it is stopping", func() bool { return strings.Contains(run.Err.String(), "finishing what is in hand") })
	again := time.Now()
	run.signal(os.Interrupt)
	run.refuses("stopped at once")
	t.Logf("ended %.0f ms after the second Ctrl+C", float64(time.Since(again).Microseconds())/1000)
}

// Ctrl+C while the demo loads ends it in order too, and it says what it keeps.
func TestCtrlCOfTheDemo(t *testing.T) {
	b := take(t, whole)
	s := newShop(t)
	must(t, os.RemoveAll(s.dir))
	p := s.start("demo")
	s.eventually("some documents are recorded", func() bool { return s.recorded() > 500 }, p)
	stopped := time.Now()
	p.signal(os.Interrupt)
	p.exits(0)
	t.Logf("the demo ended %.2f s after Ctrl+C, with %d of %d documents", time.Since(stopped).Seconds(), s.recorded(), b.documents())
	if !strings.Contains(p.Err.String(), "the next `comptoir demo` goes on there") {
		t.Errorf("it does not say how to go on:\n%s", command.Tail(p.Err.String()))
	}
	if os.Getenv("COMPTOIR_TEST_ALL") != "" {
		s.must("demo", "--exit")
		s.says(b)
	}
}
