package chain

import (
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"comptoir/test/harness"
)

// ownServers are a Kafka and a MongoDB of these tests alone, to be misused and
// killed. test/servers starts them natively.
type ownServers struct {
	dir      string
	args     []string // of up.sh
	settings map[string]string
	start    sync.Once
	err      error
}

var (
	plain  = ownServers{}
	secure = ownServers{args: []string{"--secure"}} // TLS and SCRAM-SHA-512
	three  = ownServers{args: []string{"--brokers", "3"}}
)

// of returns the settings of a shop of its own on the servers.
func (o *ownServers) of(t testing.TB) map[string]string {
	t.Helper()
	if os.Getenv("COMPTOIR_TEST_OWN_SERVERS") == "" {
		t.Skip("it starts servers of its own, which takes Java, Maven and Debian's packages: `make test-servers`")
	}
	o.start.Do(func() { o.err = o.begin() })
	must(t, o.err)
	settings := maps.Clone(o.settings)
	harness.Name(settings)
	t.Cleanup(func() {
		t.Helper()
		must(t, harness.Clear(settings))
	})
	return settings
}

// begin starts the servers on ports that are free; another program may take one
// in between, so it tries again.
func (o *ownServers) begin() (err error) {
	o.dir = filepath.Join(scratch, "servers"+strings.Join(o.args, "-"))
	for range 3 {
		var kafka, mongodb int
		if kafka, mongodb, err = freePorts(); err != nil {
			return err
		}
		args := append([]string{"--native", "--dir", o.dir, "--kafka-port", strconv.Itoa(kafka), "--mongodb-port", strconv.Itoa(mongodb)}, o.args...)
		if err = o.up(args); err == nil {
			o.args = args
			return nil
		}
		if err := o.stop(); err != nil {
			return err
		}
	}
	return err
}

// up starts what does not run of the servers.
func (o *ownServers) up(args []string) error {
	script, err := filepath.Abs("../servers/up.sh")
	if err != nil {
		return err
	}
	// Files, not pipes: the servers inherit them and go on.
	out, err := os.Create(filepath.Join(scratch, "up.out"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(script, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		content, _ := os.ReadFile(out.Name()) // what there is of it
		return fmt.Errorf("starting servers for the tests: %w\n%s", err, content)
	}
	content, err := os.ReadFile(filepath.Join(o.dir, "servers.env"))
	if err != nil {
		return err
	}
	o.settings = map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			o.settings[name] = value
		}
	}
	return nil
}

// again starts what was killed.
func (o *ownServers) again(t testing.TB) {
	t.Helper()
	must(t, o.up(o.args))
}

// stop stops what was started, if it was, and removes its data.
func (o *ownServers) stop() error {
	if o.dir == "" {
		return nil
	}
	if out, err := exec.Command("../servers/down.sh", "--dir", o.dir, "--remove").CombinedOutput(); err != nil {
		return fmt.Errorf("stopping the tests' servers: %w\n%s", err, out)
	}
	return nil
}

// kill ends a process of the servers by SIGKILL; pidFile is where they keep its id.
func (o *ownServers) kill(t testing.TB, pidFile string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(o.dir, pidFile))
	must(t, err)
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}

// freePorts finds a port for Kafka, whose controller takes the hundredth after
// it, and one for MongoDB's protocol, whose PostgreSQL takes the next.
func freePorts() (kafka, mongodb int, err error) {
	free := func(after int) (int, error) {
		for range 100 {
			first, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return 0, err
			}
			port := first.Addr().(*net.TCPAddr).Port
			second, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+after)))
			_ = first.Close()
			if err == nil {
				return port, second.Close()
			}
		}
		return 0, fmt.Errorf("no two free ports %d apart were found", after)
	}
	if kafka, err = free(100); err == nil {
		mongodb, err = free(1)
	}
	return kafka, mongodb, err
}
