// Package runtimeapi is the Runtime API of AWS Lambda on the loopback interface: an
// unmodified bootstrap asks it for invocations and posts its answers to it.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Function is a bootstrap that runs, with the Runtime API that it asks.
type Function struct {
	binary string
	env    []string
	output io.Writer

	server  *http.Server
	address string
	next    chan *invocation
	current atomic.Pointer[invocation] // what the bootstrap has in hand
	number  atomic.Int64

	cmd   *exec.Cmd
	ended chan struct{}
	peak  atomic.Int64
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	taken    chan struct{} // closed when the bootstrap has it
	answer   chan answer   // has room for one
}

type answer struct {
	body  []byte
	fault bool
}

// Start serves the Runtime API and starts the bootstrap, whose output goes to out.
// env is all of its environment beside what Lambda sets.
func Start(binary string, env []string, out io.Writer) (*Function, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serving the Runtime API: %w", err)
	}
	f := &Function{binary: binary, env: env, output: out, address: l.Addr().String(), next: make(chan *invocation)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.giveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) { f.take(w, r, false) })
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) { f.take(w, r, true) })
	f.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = f.server.Serve(l) }() // it ends with Close
	return f, f.Restart()
}

// Restart starts the bootstrap again, as Lambda does after its end.
func (f *Function) Restart() error {
	f.cmd = exec.CommandContext(context.Background(), f.binary) //nolint:gosec // our own
	f.cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + f.address, "AWS_LAMBDA_FUNCTION_NAME=test", "AWS_REGION=eu-west-1"}, f.env...)
	f.cmd.Stdout, f.cmd.Stderr = f.output, f.output
	if err := f.cmd.Start(); err != nil {
		return fmt.Errorf("starting the bootstrap: %w", err)
	}
	f.ended = make(chan struct{})
	go watch(f.cmd.Process.Pid, &f.peak)
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // that it ended is what counts
		close(ended)
	}(f.cmd, f.ended)
	return nil
}

// watch notes the most memory that a process has resident, until it ends.
func watch(pid int, peak *atomic.Int64) {
	for ; ; time.Sleep(5 * time.Millisecond) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return
		}
		_, after, ok := strings.Cut(string(status), "VmHWM:")
		var kib int64
		if _, err := fmt.Sscan(after, &kib); !ok || err != nil {
			return
		}
		peak.Store(max(peak.Load(), kib<<10))
	}
}

// Peak is the most memory that a bootstrap has had resident, in bytes.
func (f *Function) Peak() int64 { return f.peak.Load() }

// Kill is SIGKILL, and waits for the end.
func (f *Function) Kill() {
	_ = f.cmd.Process.Kill() // it may have ended
	<-f.ended
}

// Close ends bootstrap and Runtime API.
func (f *Function) Close() error {
	f.Kill()
	return f.server.Close()
}

// Ended says that the bootstrap ended before it had answered.
var ErrEnded = errors.New("the bootstrap ended before it had answered")

// FaultError is an answer that says that the function failed.
type FaultError struct{ Body string }

func (e *FaultError) Error() string { return "the function failed: " + e.Body }

// Invoke invokes the function and waits for its answer, at most for timeout, after
// which Lambda would kill it. taken, if set, is called when the bootstrap has the payload.
func (f *Function) Invoke(payload []byte, timeout time.Duration, taken func()) ([]byte, error) {
	in := &invocation{
		id: fmt.Sprintf("00000000-0000-4000-8000-%012d", f.number.Add(1)), payload: payload,
		deadline: time.Now().Add(timeout), taken: make(chan struct{}), answer: make(chan answer, 1),
	}
	over := time.After(timeout)
	select {
	case f.next <- in:
	case <-f.ended:
		return nil, ErrEnded
	case <-over:
		return nil, fmt.Errorf("the bootstrap asked for no invocation within %s", timeout)
	}
	if <-in.taken; taken != nil {
		taken()
	}
	select {
	case a := <-in.answer:
		if a.fault {
			return nil, &FaultError{string(a.body)}
		}
		return a.body, nil
	case <-f.ended:
		return nil, ErrEnded
	case <-over:
		f.Kill()
		return nil, fmt.Errorf("no answer within %s: %w", timeout, ErrEnded)
	}
}

func (f *Function) giveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case in := <-f.next:
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", in.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(in.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:test")
		h.Set("Content-Type", "application/json")
		f.current.Store(in)
		_, _ = w.Write(in.payload) // where the bootstrap is gone its end says so
		close(in.taken)
	case <-r.Context().Done():
	}
}

func (f *Function) take(w http.ResponseWriter, r *http.Request, fault bool) {
	body, err := io.ReadAll(r.Body)
	in := f.current.Load()
	if err != nil || in == nil || in.id != r.PathValue("id") {
		http.Error(w, "there is no such invocation", http.StatusBadRequest)
		return
	}
	select {
	case in.answer <- answer{body, fault}:
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "it is answered already", http.StatusForbidden)
	}
}
