package broker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"comptoir/shared/event"
	"comptoir/shared/records"
)

// The test binary is also the child process that is killed, and the one that measures.
func TestMain(m *testing.M) {
	if dir := os.Getenv("BROKER_CHILD"); dir != "" {
		child(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// child runs a broker, prints its address, and ends with its standard input.
func child(dir string) {
	b, err := Start(Options{Dir: dir})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("listening", b.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := b.Close(); err != nil {
		fmt.Println("error", err)
	}
}

// spawn starts a child and returns what it prints first.
func spawn(t *testing.T, dir string) (cmd *exec.Cmd, stdin io.Closer, says string) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BROKER_CHILD="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, in, strings.TrimSpace(line)
}

func connect(t *testing.T, addr string) *records.Cluster {
	t.Helper()
	c, err := records.Connect(records.Config{Bootstrap: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func batch(from, n int) []event.Message {
	all := make([]event.Message, n)
	for i := range all {
		all[i] = event.Message{Key: []byte(strconv.Itoa(i % 50)), Value: []byte(strconv.Itoa(from + i))}
	}
	return all
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	var acked [2]int
	for round := range 3 {
		cmd, _, says := spawn(t, dir)
		addr, ok := strings.CutPrefix(says, "listening ")
		if !ok {
			t.Fatal(says)
		}
		c := connect(t, addr)
		if _, err := c.Migrate(t.Context(), records.Layout{Partitions: 2}); err != nil {
			t.Fatal(err)
		}
		for p, n := range acked {
			held, err := c.Offsets(t.Context(), "sales", int32(p))
			if err != nil {
				t.Fatal(err)
			}
			if held.First != 0 || held.End < int64(n) {
				t.Fatalf("round %d: partition %d holds %+v and had acknowledged %d", round, p, held, n)
			}
			next := 0
			err = c.Scan(t.Context(), "sales", int32(p), 0, int64(n), func(r *records.Record) error {
				if got := string(r.Message.Value); got != strconv.Itoa(next) {
					return fmt.Errorf("record %d holds %s", next, got)
				}
				next++
				return nil
			})
			if err != nil || next != n {
				t.Fatalf("round %d: read %d of %d: %v", round, next, n, err)
			}
			acked[p] = int(held.End)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		failed := make(chan struct{})
		go func() {
			defer close(failed)
			for p := 0; ; p = 1 - p {
				if _, err := c.Produce(ctx, "sales", int32(p), batch(acked[p], 20)); err != nil {
					return
				}
				acked[p] += 20
			}
		}()
		time.Sleep(200 * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		<-failed
		cancel()
	}
	t.Logf("acknowledged over three kills: %v", acked)
	if acked[0] < 60 {
		t.Error("too little was produced to prove anything")
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	cmd, in, says := spawn(t, dir)
	if !strings.HasPrefix(says, "listening") {
		t.Fatal(says)
	}
	_, err := Start(Options{Dir: dir})
	var used *InUseError
	if !errors.As(err, &used) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second broker: %v", err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	b, err := Start(Options{Dir: dir})
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestATakenPortIsToldAndGivesTheDirectoryBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err = Start(Options{Dir: dir, Port: port})
	var taken *PortError
	if !errors.As(err, &taken) || taken.Port != port || !strings.Contains(err.Error(), "choose another port") {
		t.Errorf("a taken port: %v", err)
	}
	b, err := Start(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// A browser on the port, or a request of a kind that does not exist, loses its
// connection and harms nobody.
func TestWhatIsNotKafkaIsTurnedAway(t *testing.T) {
	var log bytes.Buffer
	b, err := Start(Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, what := range []string{
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"\x00\x00\x00\x0a\x7f\x00\x00\x00\x00\x00\x00\x01\xff\xff", // kind 32512
		"\x00\x00\x00\x01\x00\x00\x00\x00",
	} {
		c, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte(what)); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 100)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: answered %d bytes, %v", what, n, err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := connect(t, b.Addr()).Ping(t.Context()); err != nil {
		t.Errorf("after all that: %v", err)
	}
}
