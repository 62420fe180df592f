// Package chain uses the built command as a user does, on the real year: it
// imports, kills, interrupts, loses files, and compares every figure with an
// independent recomputation. Its shops are on the servers that COMPTOIR_TEST_…
// names, else on the embedded defaults.
package chain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/test/command"
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
		if err := command.Build(context.Background(), "../..", binary); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := m.Run()
		for _, p := range []place{yearLoaded, partLoaded} {
			if err := harness.Clear(p.settings); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = max(code, 1)
			}
		}
		for _, o := range []*ownServers{&plain, &secure} {
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
	*command.Process
	shop *shop
}

// start starts the command with nothing of the tester's own environment.
func (s *shop) start(args ...string) *process {
	s.Helper()
	args = append(args, "--data", s.dir)
	if args[0] != "demo" {
		args = append(args, "--broker-addr", "127.0.0.1:0", "--query-addr", "127.0.0.1:0")
	}
	p, err := command.Start(binary, s.home, s.settings, args...)
	must(s, err)
	s.Cleanup(p.Kill)
	return &process{p, s}
}

// do runs the command to its end.
func (s *shop) do(args ...string) *process { s.Helper(); return s.start(args...).wait() }

// must runs the command, which has to do what it is told.
func (s *shop) must(args ...string) *process { s.Helper(); return s.do(args...).exits(0) }

func (s *shop) catchUp() *process {
	s.Helper()
	p := s.must("run", "--until-caught-up")
	if !strings.Contains(p.Out.String(), "everything recorded is applied") {
		s.Fatalf("no summary:\n%s", p.Out.String())
	}
	return p
}

func (p *process) wait() *process {
	p.shop.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := p.Wait(ctx)
	must(p.shop, err)
	return p
}

// exits waits for the end and demands an exit code.
func (p *process) exits(code int) *process {
	p.shop.Helper()
	if got := p.wait().Cmd.ProcessState.ExitCode(); got != code {
		p.shop.Fatalf("%s: exit %d, want %d\n%s%s", p.Name, got, code, command.Tail(p.Out.String()), command.Tail(p.Err.String()))
	}
	return p
}

// signal asks a running process to end.
func (p *process) signal(sig os.Signal) {
	p.shop.Helper()
	must(p.shop, p.Signal(sig))
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
	for line := range strings.Lines(p.Err.String()) {
		if strings.HasPrefix(line, "comptoir: ") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	if len(said) != 1 || strings.Contains(p.Err.String(), "goroutine ") {
		p.shop.Errorf("%s: want one sentence:\n%s", p.Name, command.Tail(p.Err.String()))
	}
	for _, part := range parts {
		if len(said) > 0 && !strings.Contains(said[len(said)-1], part) {
			p.shop.Errorf("%s does not say %q: %s", p.Name, part, said[len(said)-1])
		}
	}
	p.shop.Log(strings.Join(said, "\n"))
}

// cost logs what a run took.
func (p *process) cost(what string) *process {
	p.shop.Helper()
	p.shop.Logf("%s: %.1f s, peak memory %d MiB, of processors %.1f s", what, p.Took.Seconds(), p.PeakMemory>>10,
		(p.Cmd.ProcessState.UserTime() + p.Cmd.ProcessState.SystemTime()).Seconds())
	return p
}

// eventually waits for what the processes, which must not end, bring about.
func (s *shop) eventually(what string, f func() bool, by ...*process) {
	s.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(5 * time.Millisecond) {
		for _, p := range by {
			if !p.Running() {
				s.Fatalf("%s has ended before %s:\n%s", p.Name, what, command.Tail(p.Err.String()))
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
