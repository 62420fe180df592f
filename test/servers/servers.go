// Package servers starts Apache Kafka and a server of MongoDB's protocol for one
// test alone, by the scripts beside it, to be misused and killed.
package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Scripts is where the scripts are, as seen from the folder of a test.
const Scripts = "../servers"

// Files that hold the process numbers of what Own runs, for Kill. Broker(1) is the first broker.
const (
	Gateway  = "mongodb/ferretdb.pid"
	Database = "mongodb/data/postmaster.pid"
)

// Broker is the file of the n-th broker's process number.
func Broker(n int) string { return fmt.Sprintf("kafka/%d/pid", n) }

// Own are servers of somebody's own.
type Own struct {
	Dir string
	// Settings are how to reach them, as `comptoir` takes them.
	Settings map[string]string
	// Kafka is the first broker's port, MongoDB that of its protocol. Advertised is
	// the first port that Kafka sends its clients to, where Start was told of proxies.
	Kafka, MongoDB, Advertised int

	args []string // of up.sh
}

// Start starts them natively in a folder, with more options of up.sh. The ports are
// free ones; another program may take one in between, so it tries again. With
// proxied, Kafka sends clients to ports on which something has to listen.
func Start(ctx context.Context, dir string, proxied bool, options ...string) (o *Own, err error) {
	for range 3 {
		if o, err = choose(dir, proxied, options); err != nil {
			return nil, err
		}
		if err = o.Up(ctx); err == nil {
			return o, nil
		}
		if stopped := o.Stop(); stopped != nil {
			return nil, errors.Join(err, stopped)
		}
	}
	return nil, err
}

func choose(dir string, proxied bool, options []string) (o *Own, err error) {
	o = &Own{Dir: dir}
	if o.Kafka, err = free(0, 1, 2, 50, 51, 52, 100, 101, 102); err != nil {
		return nil, err
	}
	if o.MongoDB, err = free(0, 1); err != nil {
		return nil, err
	}
	o.args = append([]string{"--native", "--dir", dir, "--kafka-port", strconv.Itoa(o.Kafka), "--mongodb-port", strconv.Itoa(o.MongoDB)}, options...)
	if proxied {
		if o.Advertised, err = free(0, 1, 2); err != nil {
			return nil, err
		}
		o.args = append(o.args, "--advertised-port", strconv.Itoa(o.Advertised))
	}
	return o, nil
}

// Up starts what does not run of them, and returns when all of it does.
func (o *Own) Up(ctx context.Context) error {
	script, err := filepath.Abs(filepath.Join(Scripts, "up.sh"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as nobody there
		return err
	}
	// Files, not pipes: the servers inherit them and go on.
	out, err := os.Create(filepath.Join(o.Dir, "up.log"))
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()                 // read again below by its name
	cmd := exec.CommandContext(ctx, script, o.args...) //nolint:gosec // our own
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		content, _ := os.ReadFile(out.Name()) // what there is of it
		return fmt.Errorf("starting servers for the tests: %w\n%s", err, content)
	}
	content, err := os.ReadFile(filepath.Join(o.Dir, "servers.env"))
	if err != nil {
		return err
	}
	o.Settings = map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			o.Settings[name] = value
		}
	}
	return nil
}

// Stop stops what was started and removes its data.
func (o *Own) Stop() error {
	// Not bound to a context: it is what has to happen when one has ended.
	if out, err := exec.CommandContext(context.Background(), filepath.Join(Scripts, "down.sh"), "--dir", o.Dir, "--remove").CombinedOutput(); err != nil { //nolint:gosec // our own
		return fmt.Errorf("stopping the tests' servers: %w\n%s", err, out)
	}
	return nil
}

// Kill ends a process of the servers by SIGKILL; pidFile is Gateway, Database or a Broker.
func (o *Own) Kill(pidFile string) error {
	content, err := os.ReadFile(filepath.Join(o.Dir, pidFile))
	if err != nil {
		return fmt.Errorf("killing a server: %w", err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return fmt.Errorf("killing a server: %s: %w", pidFile, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing the server of %s, process %d: %w", pidFile, pid, err)
	}
	return nil
}

// Ports are chosen from here. They lie below those that systems give to outgoing
// connections, which could take the port of a server while it is being started again.
const lowest, ports = 21000, 900

// free finds a port of which it and those at the distances after it are free.
func free(distances ...int) (int, error) {
	for range ports {
		if port := lowest + rand.IntN(ports); allFree(port, distances) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port was found from %d to %d with free ones at %v after it", lowest, lowest+ports, distances)
}

func allFree(port int, distances []int) bool {
	for _, d := range distances {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+d))) //nolint:noctx // it is closed at once
		if err != nil {
			return false
		}
		_ = l.Close() // it was only tried
	}
	return true
}
