// Package chain uses the built command as a user does, on the real year: it
// imports, kills, interrupts, loses files, and compares every figure with an
// independent recomputation. Its shops are on the servers that COMPTOIR_TEST_…
// names, else on the embedded defaults.
package chain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"comptoir/test/harness"
)

// binary is the built command, and scratch a folder for what tests share.
var binary, scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "comptoir-chain-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(scratch)
		binary = filepath.Join(scratch, "comptoir")
		if out, err := exec.Command("go", "build", "-o", binary, "comptoir/local/cmd/comptoir").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the command: %v\n%s", err, out)
			return 1
		}
		code := m.Run()
		for _, p := range []place{yearLoaded, partLoaded} {
			if err := harness.Clear(p.settings); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = max(code, 1)
			}
		}
		for _, o := range []*ownServers{&plain, &secure, &three} {
			if err := o.stop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = max(code, 1)
			}
		}
		return code
	}())
}

// patience bounds whatever must end by itself, on however busy a machine.
const patience = 3 * time.Minute

// place is where a shop's data is: its directory, and what it has on servers.
type place struct {
	dir      string
	settings map[string]string // how to reach the servers, and its own names there
}

// shop is a place and its user, whose home is empty.
type shop struct {
	testing.TB
	place
	home string
}

func at(t testing.TB, p place) *shop { return &shop{TB: t, place: p, home: t.TempDir()} }

// onTheLastDay is the comptoir.env of a shop on the last day of the year.
const onTheLastDay = "BUSINESS_DATE=2011-12-09\nCURRENCY=GBP\nBUSINESS_TIMEZONE=Europe/London\n"

// newShop prepares a data directory that is on the last day of the year.
func newShop(t testing.TB) *shop {
	t.Helper()
	s := at(t, place{filepath.Join(t.TempDir(), "data"), harness.Servers(t)})
	must(t, os.Mkdir(s.dir, 0o700))
	write(t, s.file("comptoir.env"), onTheLastDay)
	s.migrate()
	return s
}

func (s *shop) onKafka() bool   { return s.settings["KAFKA_BOOTSTRAP_SERVERS"] != "" }
func (s *shop) onMongoDB() bool { return s.settings["MONGODB_URI"] != "" }

// migrate makes what a user makes on servers before the first run.
func (s *shop) migrate() {
	s.Helper()
	if len(s.settings) > 0 {
		s.must("migrate", "--currency", "GBP")
	}
}

// embedded is for tests of what belongs to the embedded defaults alone.
func embedded(t testing.TB) {
	t.Helper()
	if len(harness.Place()) > 0 {
		t.Skip("of the embedded defaults alone: run it without COMPTOIR_TEST_…")
	}
}

// copied is a shop on a copy of a place on which nothing runs. On servers it
// moves in as a shop does that has only its data directory: with the whole event log.
func copied(t testing.TB, from place) *shop {
	t.Helper()
	s := at(t, place{filepath.Join(t.TempDir(), "data"), harness.Servers(t)})
	must(t, os.CopyFS(s.dir, os.DirFS(from.dir)))
	if len(s.settings) == 0 {
		return s
	}
	s.migrate()
	if s.onKafka() {
		s.must("republish", "--all")
	}
	s.catchUp()
	return s
}

func (s *shop) file(name ...string) string { return filepath.Join(append([]string{s.dir}, name...)...) }

// process is one run of the command.
type process struct {
	shop       *shop
	name       string
	cmd        *exec.Cmd
	out, err   text
	began      time.Time
	took       time.Duration
	ended      chan struct{}
	peakMemory int64 // KiB, known at the end
}

// text collects what a process prints, while it runs.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(b)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// start starts the command with nothing of the tester's own environment.
func (s *shop) start(args ...string) *process {
	s.Helper()
	p := &process{shop: s, name: "comptoir " + strings.Join(args, " "), ended: make(chan struct{}), began: time.Now()}
	args = append(args, "--data", s.dir)
	if args[0] != "demo" {
		args = append(args, "--broker-addr", "127.0.0.1:0", "--query-addr", "127.0.0.1:0")
	}
	p.cmd = exec.CommandContext(context.Background(), binary, args...)
	p.cmd.Env = []string{"HOME=" + s.home, "TMPDIR=" + s.home, "PATH=/nowhere"}
	for name, value := range s.settings {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	must(s, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // how it ended is asked for by the test
		p.took = time.Since(p.began)
		if u, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			p.peakMemory = u.Maxrss
		}
		close(p.ended)
	}()
	s.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.ended })
	return p
}

// do runs the command to its end.
func (s *shop) do(args ...string) *process { s.Helper(); return s.start(args...).wait() }

// must runs the command, which has to do what it is told.
func (s *shop) must(args ...string) *process { s.Helper(); return s.do(args...).exits(0) }

func (s *shop) catchUp() *process {
	s.Helper()
	p := s.must("run", "--until-caught-up")
	if !strings.Contains(p.out.String(), "everything recorded is applied") {
		s.Fatalf("no summary:\n%s", p.out.String())
	}
	return p
}

func (p *process) wait() *process {
	p.shop.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.shop.Fatalf("%s does not end:\n%s", p.name, tail(p.err.String()))
	}
	return p
}

// exits waits for the end and demands an exit code.
func (p *process) exits(code int) *process {
	p.shop.Helper()
	if got := p.wait().cmd.ProcessState.ExitCode(); got != code {
		p.shop.Fatalf("%s: exit %d, want %d\n%s%s", p.name, got, code, tail(p.out.String()), tail(p.err.String()))
	}
	return p
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// signal asks a running process to end.
func (p *process) signal(sig os.Signal) {
	p.shop.Helper()
	if !p.running() {
		p.shop.Fatalf("%s has ended before it was to be stopped:\n%s", p.name, tail(p.err.String()))
	}
	must(p.shop, p.cmd.Process.Signal(sig))
}

// kill is SIGKILL, and waits for the end.
func (p *process) kill() {
	p.shop.Helper()
	p.signal(os.Kill)
	p.wait()
}

// refuses demands exit 1 with one sentence that has all of parts in it.
func (p *process) refuses(parts ...string) {
	p.shop.Helper()
	p.exits(1)
	var said []string
	for line := range strings.Lines(p.err.String()) {
		if strings.HasPrefix(line, "comptoir: ") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	if len(said) != 1 || strings.Contains(p.err.String(), "goroutine ") {
		p.shop.Errorf("%s: want one sentence:\n%s", p.name, tail(p.err.String()))
	}
	for _, part := range parts {
		if len(said) > 0 && !strings.Contains(said[len(said)-1], part) {
			p.shop.Errorf("%s does not say %q: %s", p.name, part, said[len(said)-1])
		}
	}
	p.shop.Log(strings.Join(said, "\n"))
}

// cost logs what a run took.
func (p *process) cost(what string) *process {
	p.shop.Helper()
	p.shop.Logf("%s: %.1f s, peak memory %d MiB, of processors %.1f s", what, p.took.Seconds(), p.peakMemory>>10,
		(p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()).Seconds())
	return p
}

// eventually waits for what the processes, which must not end, bring about.
func (s *shop) eventually(what string, f func() bool, by ...*process) {
	s.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(5 * time.Millisecond) {
		for _, p := range by {
			if !p.running() {
				s.Fatalf("%s has ended before %s:\n%s", p.name, what, tail(p.err.String()))
			}
		}
		if time.Now().After(deadline) {
			s.Fatal("it never came to be: ", what)
		}
	}
}

// size is that of the data directory, in MiB.
func (s *shop) size() (mib int64) {
	s.Helper()
	must(s, filepath.WalkDir(s.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			mib += info.Size()
		}
		return err
	}))
	return mib >> 20
}

func tail(s string) string { return s[max(0, len(s)-3000):] }

func write(t testing.TB, path, content string) string {
	t.Helper()
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
