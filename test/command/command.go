// Package command builds the `comptoir` command and runs it as a user does.
package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Build builds the command of the module at root.
func Build(ctx context.Context, root, to string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", to, "comptoir/local/cmd/comptoir") //nolint:gosec // our own
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the command: %w\n%s", err, out)
	}
	return nil
}

// Process is one run of a program.
type Process struct {
	Name     string
	Cmd      *exec.Cmd
	Out, Err Text
	Began    time.Time
	// Ended is closed at its end; what follows is known from then on.
	Ended      chan struct{}
	Took       time.Duration
	PeakMemory int64 // KiB
}

// Start starts the command by its path, with these settings and nothing of the
// tester's own environment; home is its home.
func Start(path, home string, settings map[string]string, args ...string) (*Process, error) {
	return StartReading(nil, path, home, settings, args...)
}

// StartReading is Start with something on the command's standard input.
func StartReading(in io.Reader, path, home string, settings map[string]string, args ...string) (*Process, error) {
	p := &Process{Name: "comptoir " + strings.Join(args, " "), Ended: make(chan struct{}), Began: time.Now()}
	p.Cmd = exec.CommandContext(context.Background(), path, args...) //nolint:gosec // our own
	p.Cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "PATH=/nowhere"}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		p.Cmd.Env = append(p.Cmd.Env, name+"="+settings[name])
	}
	p.Cmd.Stdin = in
	p.Cmd.Stdout, p.Cmd.Stderr = &p.Out, &p.Err
	if err := p.Cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.Name, err)
	}
	go func() {
		_ = p.Cmd.Wait() // how it ended is asked of the state
		p.Took = time.Since(p.Began)
		if u, ok := p.Cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			p.PeakMemory = u.Maxrss
		}
		close(p.Ended)
	}()
	return p, nil
}

// Running tells whether it still runs.
func (p *Process) Running() bool {
	select {
	case <-p.Ended:
		return false
	default:
		return true
	}
}

// Wait waits for the end, and returns the exit code; an error where the context ends first.
func (p *Process) Wait(ctx context.Context) (code int, err error) {
	select {
	case <-p.Ended:
		return p.Cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("%s does not end: %w\n%s", p.Name, context.Cause(ctx), Tail(p.Err.String()))
	}
}

// Signal asks a running process to end.
func (p *Process) Signal(sig os.Signal) error {
	if !p.Running() {
		return fmt.Errorf("%s has ended before it was to be stopped:\n%s", p.Name, Tail(p.Err.String()))
	}
	return p.Cmd.Process.Signal(sig)
}

// Kill is SIGKILL, and waits for the end. It is no error that there was one before.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill()
	<-p.Ended
}

var servingLine = regexp.MustCompile(`"query: serving","page":"(http://[^"]+)/"`)

// QueryURL is where the run's page and its query API are served, without a slash at its
// end, as its log (JSON) says it; "" while they are not.
func (p *Process) QueryURL() string {
	found := servingLine.FindStringSubmatch(p.Err.String())
	if found == nil {
		return ""
	}
	return found[1]
}

// Text collects what a process prints, while it runs.
type Text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *Text) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(b)
}

// String returns all of it.
func (x *Text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// Tail returns the end of a text.
func Tail(s string) string { return s[max(0, len(s)-3000):] }
