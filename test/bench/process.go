package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// cost is what a process took.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // of resident memory, in bytes
}

// process is one run of the command, or of this program in a role.
type process struct {
	cmd      *exec.Cmd
	began    time.Time
	out, err bytes.Buffer
	name     string
	peak     atomic.Int64
}

// command prepares the command on a data directory with nothing of the tester's
// own settings.
func (b *bench) command(dir string, env []string, args ...string) *process {
	p := &process{name: "comptoir " + strings.Join(args, " ")}
	p.cmd = exec.CommandContext(b.ctx, b.binary, append(args, "--data", dir)...) //nolint:gosec // our own
	p.cmd.Env = append([]string{
		"HOME=" + b.dir, "TMPDIR=" + b.dir, "BUSINESS_DATE=2011-12-09", "CURRENCY=GBP", "BUSINESS_TIMEZONE=Europe/London",
		"BROKER_ADDR=127.0.0.1:0", "QUERY_ADDR=127.0.0.1:0",
	}, env...)
	return p
}

// self prepares this program in a role.
func (b *bench) self(role string, env ...string) *process {
	p := &process{name: role}
	me, err := os.Executable()
	if err != nil {
		me = os.Args[0]
	}
	p.cmd = exec.CommandContext(b.ctx, me) //nolint:gosec // this program itself
	p.cmd.Env = append(os.Environ(), append(env, roleVariable+"="+role)...)
	return p
}

func (p *process) start() error {
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	go p.watch(p.cmd.Process.Pid)
	return nil
}

// watch notes how much memory the process has had resident, until it ends. What
// wait4 says of it is no less than what this program had when it started the other.
func (p *process) watch(pid int) {
	for ; ; time.Sleep(10 * time.Millisecond) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return
		}
		_, after, ok := strings.Cut(string(status), "VmHWM:")
		if !ok {
			return // it has ended
		}
		var kib int64
		if _, err := fmt.Sscan(after, &kib); err == nil {
			p.peak.Store(max(p.peak.Load(), kib<<10))
		}
	}
}

// wait waits for the end, which must be a good one.
func (p *process) wait() (cost, error) {
	err := p.cmd.Wait()
	c := cost{wall: time.Since(p.began)}
	if s := p.cmd.ProcessState; s != nil {
		c.cpu, c.peak = s.UserTime()+s.SystemTime(), p.peak.Load()
	}
	if err != nil {
		text := p.err.String()
		return c, fmt.Errorf("%s: %w\n%s", p.name, err, text[max(0, len(text)-2000):])
	}
	return c, nil
}

func (p *process) run() (cost, error) {
	if err := p.start(); err != nil {
		return cost{}, err
	}
	return p.wait()
}

// end asks the process to end, and waits.
func (p *process) end() (cost, error) {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return cost{}, err
	}
	return p.wait()
}

// median of costs, by their wall time.
func median(all []cost) cost {
	slices.SortFunc(all, func(a, b cost) int { return int(a.wall - b.wall) })
	return all[len(all)/2]
}

// folder makes a new folder.
func (b *bench) folder(name string) (string, error) {
	dir, err := os.MkdirTemp(b.dir, name+"-")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "data"), nil
}

// size of a folder's files, in bytes.
func size(dir string) (n int64) {
	_ = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			n += info.Size()
		}
		return nil
	})
	return n
}
