package serverless

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// buildKafkaSource builds the receive adapter once, into the user's cache: it and
// its client of Kubernetes take two minutes of a processor.
func buildKafkaSource() (string, error) {
	sum := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		b, err := os.ReadFile(filepath.Join("kafkasource", name))
		if err != nil {
			return "", err
		}
		sum.Write(b)
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	binary := filepath.Join(cache, "comptoir", "bin", "kafkasource-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return "", err
	}
	fresh := fmt.Sprintf("%s.%d", binary, os.Getpid())
	if err := goBuild("kafkasource", fresh, "."); err != nil {
		return "", err
	}
	return binary, os.Rename(fresh, binary)
}

// process is a program at work.
type process struct {
	t     *testing.T
	name  string
	cmd   *exec.Cmd
	out   text
	ended chan struct{}
}

func start(t *testing.T, binary string, env []string) *process {
	t.Helper()
	p := &process{t: t, name: filepath.Base(binary), ended: make(chan struct{})}
	p.cmd = exec.Command(binary)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, &p.out, &p.out
	must(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // how it ended is asked for where it matters
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill is SIGKILL, and waits for the end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// end asks it to end, which it has to do in order.
func (p *process) end() {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(os.Interrupt))
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		p.t.Fatalf("%s does not end:\n%s", p.name, p.out.tail())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Fatalf("%s: exit %d\n%s", p.name, code, p.out.tail())
	}
}
