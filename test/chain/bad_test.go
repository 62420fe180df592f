package chain

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"comptoir/test/command"
)

// local/cli tests what the command refuses on a small shop: a second run, taken
// ports, wrong files, a newer data directory. Here is what needs the chain.

func TestAKafkaThatCannotBeReached(t *testing.T) {
	b, loaded := loadedPart(t)
	t.Parallel() // it waits for half a minute
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := nobody.Addr().String()
	must(t, nobody.Close())
	s := copied(t, loaded)
	p := s.do("run", "--until-caught-up", "--kafka-bootstrap-servers", address)
	p.refuses("Kafka", address, "KAFKA_BOOTSTRAP_SERVERS")
	t.Logf("it waited for %.0f s", p.Took.Seconds())
	s.catchUp()
	s.says(b)
}

// The broker of another shop, whose topics have two partitions, is no Kafka for
// this one.
func TestEmbeddedBrokerOfAnotherShop(t *testing.T) {
	embedded(t)
	_, loaded := loadedPart(t)
	other := newShop(t)
	kafka := other.start("run", "--partitions", "2")
	var address string
	other.eventually("the broker listens", func() bool {
		_, after, ok := strings.Cut(kafka.Err.String(), `"broker: listening","address":"`)
		address, _, _ = strings.Cut(after, `"`)
		return ok && strings.Contains(kafka.Err.String(), "query: serving")
	}, kafka)
	s := copied(t, loaded)
	before := s.versions()
	for _, args := range [][]string{{"run"}, {"run", "--until-caught-up"}, {"migrate"}, {"republish", "--all"}} {
		s.do(append(args, "--kafka-bootstrap-servers", address)...).refuses("2 partitions", "8")
	}
	s.unchanged(before)
	kafka.signal(os.Interrupt)
	kafka.exits(0)
}

func TestEmbeddedFilesOfANewerVersion(t *testing.T) {
	embedded(t)
	_, loaded := loadedPart(t)
	s := copied(t, loaded)
	for _, name := range []string{"ledger.db", "state.db"} {
		db := s.open(name, "rw")
		var version int
		must(t, db.QueryRow("PRAGMA user_version").Scan(&version))
		set := func(v int) {
			_, err := db.Exec(fmt.Sprintf("PRAGMA user_version = %d", v))
			must(t, err)
		}
		set(version + 1)
		s.do("run").refuses(name, "newer")
		s.do("verify").refuses(name, "newer")
		set(version)
		must(t, db.Close())
	}
	s.catchUp()
}

// A disk that is full ends an import with a sentence; with more space the same
// import goes on where it stopped. The disk is a small one of the test's own, in a
// namespace of its own, which ends with it.
func TestEmbeddedOnAFullDisk(t *testing.T) {
	embedded(t)
	b := take(t, part)
	disk, outside := t.TempDir(), t.TempDir()
	s := at(t, place{dir: filepath.Join(disk, "data")})
	script := write(t, filepath.Join(outside, "script"), `set -u
mount -t tmpfs -o size=16m none "$DISK" || exit 77
mkdir "$DISK/data" && printf 'BUSINESS_DATE=2011-12-09\nCURRENCY=GBP\nBUSINESS_TIMEZONE=Europe/London\n' >"$DISK/data/comptoir.env"
comptoir() { name=$1; shift; "$BINARY" "$@" --data "$DISK/data" >"$OUTSIDE/$name.out" 2>"$OUTSIDE/$name.err"; echo $? >"$OUTSIDE/$name.code"; }
comptoir import1 import --profile online-retail "$@" --stock-date 2011-12-09
comptoir run1 run --until-caught-up --broker-addr 127.0.0.1:0 --query-addr 127.0.0.1:0
mount -o remount,size=2g none "$DISK"
comptoir import2 import --profile online-retail "$@" --stock-date 2011-12-09
comptoir run2 run --until-caught-up --broker-addr 127.0.0.1:0 --query-addr 127.0.0.1:0
cp -r "$DISK/data" "$OUTSIDE/data"
`)
	files := []string{b.files.Products, b.files.Stock, b.files.Sales}
	for i := range files {
		full, err := filepath.Abs(files[i])
		must(t, err)
		files[i] = full
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", append([]string{script}, files...)...)
	cmd.Env = []string{"HOME=" + s.home, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DISK=" + disk, "OUTSIDE=" + outside, "BINARY=" + binary}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() == 77 {
		t.Skipf("no small disk can be made here: %v: %s", err, out)
	}
	must(t, err)
	said := func(name string) (code, text string) {
		for _, part := range []struct {
			ext  string
			into *string
		}{{".code", &code}, {".err", &text}} {
			content, err := os.ReadFile(filepath.Join(outside, name+part.ext))
			must(t, err)
			*part.into = strings.TrimSpace(string(content))
		}
		return code, text
	}
	code, text := said("import1")
	last := text[strings.LastIndex(text, "\n")+1:]
	t.Log(last)
	for _, part := range []string{"comptoir: importing ", "disk is full", "run the same import again"} {
		if code != "1" || !strings.Contains(last, part) || strings.Contains(text, "goroutine ") {
			t.Errorf("import on a full disk: exit %s, want 1 and %q:\n%s", code, part, command.Tail(text))
		}
	}
	code, text = said("run1")
	t.Logf("run --until-caught-up on a full disk: exit %s, %s", code, text[strings.LastIndex(text, "\n")+1:])
	if strings.Contains(text, "goroutine ") {
		t.Errorf("run on a full disk:\n%s", command.Tail(text))
	}
	for _, name := range []string{"import2", "run2"} {
		if code, text := said(name); code != "0" {
			t.Errorf("%s with more space: exit %s\n%s", name, code, command.Tail(text))
		}
	}
	s.dir = filepath.Join(outside, "data")
	s.says(b)
}
