// Package serverless runs the deployed programs, unmodified, on a month of the real
// year: the bootstrap for Lambda behind a Runtime API and an event source mapping,
// and the server for Knative behind the real receive adapter of KafkaSource. Both
// are killed and lose their state's server in the middle, and both must end with the
// documents of the local run, byte for byte.
package serverless

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/test/harness"
)

// The built programs.
var comptoir, bootstrap, knative, kafkasource string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "comptoir-serverless-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if err := build(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func build(dir string) (err error) {
	bootstrap, knative = filepath.Join(dir, "bootstrap"), filepath.Join(dir, "knative")
	err = errors.Join(goBuild(".", bootstrap, "comptoir/functions/cmd/lambda"), goBuild(".", knative, "comptoir/functions/cmd/knative"))
	if err != nil || os.Getenv("COMPTOIR_TEST_KAFKA_BOOTSTRAP_SERVERS") == "" || os.Getenv("COMPTOIR_TEST_MONGODB_URI") == "" {
		return err // what needs servers says so
	}
	comptoir = filepath.Join(dir, "comptoir")
	if err := goBuild(".", comptoir, "comptoir/local/cmd/comptoir"); err != nil {
		return err
	}
	kafkasource, err = buildKafkaSource()
	return err
}

func goBuild(dir, binary, pkg string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binary, pkg)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// needServers skips a test where no real servers are named.
func needServers(t *testing.T) map[string]string {
	t.Helper()
	if comptoir == "" {
		t.Skip("it takes an Apache Kafka and a MongoDB: COMPTOIR_TEST_KAFKA_BOOTSTRAP_SERVERS and COMPTOIR_TEST_MONGODB_URI name them")
	}
	return harness.Servers(t)
}

// text collects what a process prints.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(b)
}

func (x *text) tail() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.b.String()
	return s[max(0, len(s)-4000):]
}

// says tells whether what is awaited comes: what a program writes passes through a
// pipe, and may be read later than an answer that it gave after it.
func (x *text) says(awaited string) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(x.tail(), awaited) {
			return true
		}
	}
	return false
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// environment is a process's, with nothing of the tester's own.
func environment(settings map[string]string, more ...string) []string {
	env := []string{"HOME=/nonexistent", "PATH=/nowhere", "TMPDIR=" + os.TempDir(), "LOG_FORMAT=json"}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return append(env, more...)
}

// with returns settings with some changed; pairs are NAME, value.
func with(settings map[string]string, pairs ...string) map[string]string {
	all := map[string]string{}
	for k, v := range settings {
		all[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

// run runs the command to its end, which has to be a good one.
func run(t *testing.T, settings map[string]string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), comptoir, args...)
	cmd.Env = environment(settings)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("comptoir %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
