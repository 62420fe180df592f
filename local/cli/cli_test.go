package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// binary is the built command: what a user runs is what is tested.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "comptoir-cli-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "comptoir")
		build := []string{"build", "-o", binary}
		if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
			build = append(build, "-race") // the command too, where the tests are
		}
		if out, err := exec.Command("go", append(build, "comptoir/local/cmd/comptoir")...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the command: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

type result struct {
	code        int
	out, stderr string
}

// command prepares the binary with nothing of the tester's own environment.
func command(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, args...)
	home := t.TempDir()
	cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "PATH=/nowhere"}
	return cmd
}

func comptoir(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return finish(t, command(ctx, t, args...))
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
}

// complaint is the last line of stderr that the command wrote itself, the hint
// to --help left out.
func (r result) complaint() string {
	var last string
	for line := range strings.Lines(r.stderr) {
		if strings.HasPrefix(line, "comptoir: ") {
			last = strings.TrimSpace(line)
		}
	}
	return last
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const sales = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

func TestUsedWrongly(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct{ args, says string }{
		{"--no-such-flag", "unknown flag"},
		{"sell", "unknown command"},
		{"run --colour", "unknown flag"},
		{"run admins", `no part "admins"`},
		{"import", "at least 1 arg"},
		{"import --stock-date 2011-02-30 x.csv", "--stock-date"},
		{"export", "1 arg"},
		{"export profits", "no analytic"},
		{"import books.xlsx --dates daily", "day-first or month-first"},
		{"import books.xlsx --decimal dot", "comma or point"},
		{"template", "1 arg"},
		{"template x.xlsx --language de", "en or fr"},
		{"imports show first", "not the number of an import"},
		{"imports void 1", "--reason"},
		{"export loss-risk --format xml", "no format"},
		{"export loss-risk --language de", "no language"},
		{"export loss-risk --window 31d", "no window"},
		{"status --format yaml", "no format"},
		{"republish", "name one range"},
		{"republish sales/3", "not a range"},
		{"republish sales/3:9-1", "not a range"},
		{"republish --all sales/3:1-2", "name one range"},
		{"send", "1 arg"},
		{"send - --rate -1", "--rate"},
		{"config --tier-gold much --log-format xml", "2 settings are wrong"},
		{"run --partitions 0", "PARTITIONS"},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := comptoir(t, append([]string{"--data", data}, strings.Fields(c.args)...)...)
			if r.code != 2 || r.out != "" {
				t.Errorf("exit %d, stdout %q; want 2 and nothing", r.code, r.out)
			}
			if !strings.Contains(r.stderr, c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, r.stderr)
			}
		})
	}
}

func TestBadInputIsOneSentence(t *testing.T) {
	dir := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().String()
	newer := filepath.Join(dir, "newer")
	write(t, filepath.Join(newer, "version"), "99\n")
	strange := filepath.Join(dir, "strange")
	write(t, filepath.Join(strange, "holiday.jpg"), "x")
	typo := filepath.Join(dir, "typo")
	write(t, filepath.Join(typo, "comptoir.env"), "TIER_GOL=1\n")
	fresh := filepath.Join(dir, "fresh")
	good := write(t, filepath.Join(dir, "good.csv"), sales+"536365,85123A,HEART,6,2010-12-01 08:26,2.55,17850,United Kingdom\n")
	header := write(t, filepath.Join(dir, "header.csv"), "a,b,c\n1,2,3\n")
	dated := write(t, filepath.Join(dir, "dated.csv"), sales+"536365,85123A,HEART,6,2011-02-30 08:26,2.55,17850,United Kingdom\n")
	latin := write(t, filepath.Join(dir, "latin.csv"), sales+"536365,85123A,CAF\xc9,6,2010-12-01 08:26,2.55,17850,United Kingdom\n")

	for _, c := range []struct {
		name, args, says string
		code             int
	}{
		{"a data directory of a newer version", "run --data " + newer, "install a newer comptoir", 1},
		{"somebody's folder", "run --currency EUR --data " + strange, "holiday.jpg", 1},
		{"no data directory to read", "export loss-risk --data " + fresh, "no data directory", 1},
		{"a name that is no setting", "config --data " + typo, "TIER_GOL", 2},
		{"a ledger without a currency", "run --data " + fresh, "CURRENCY", 1},
		{"no such file", "import --currency GBP none.csv --data " + fresh, "none.csv", 1},
		{"no such profile", "import --currency GBP --profile sap " + good + " --data " + fresh, "sap", 1},
		{"a wrong header", "import --currency GBP " + header + " --data " + fresh, "header.csv", 1},
		{"a wrong encoding", "import --profile online-retail --currency GBP " + latin + " --data " + fresh, "UTF-8", 1},
		{"no good row", "import --profile online-retail --currency GBP " + dated + " --data " + fresh, "every row", 1},
		{"the port of the API is taken", "run --currency GBP --broker-addr 127.0.0.1:0 --query-addr " + port + " --data " + fresh, "QUERY_ADDR", 1},
		{"the port of the broker is taken", "run --currency GBP --query-addr 127.0.0.1:0 --broker-addr " + port + " --data " + fresh, "BROKER_ADDR", 1},
		{"an embedded broker for other machines", "run --currency GBP --broker-addr 0.0.0.0:0 --data " + fresh, "KAFKA_BOOTSTRAP_SERVERS", 1},
		{"a Kafka that does not answer", "migrate --currency GBP --kafka-bootstrap-servers 127.0.0.1:1 --data " + fresh, "127.0.0.1:1", 1},
		{"a MongoDB that does not answer", "run --currency GBP --broker-addr 127.0.0.1:0 --mongodb-uri mongodb://127.0.0.1:1 --data " + fresh, "MONGODB_URI", 1},
		{"another currency than the ledger's", "run --currency EUR --broker-addr 127.0.0.1:0 --data " + fresh, "GBP", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := comptoir(t, strings.Fields(c.args)...)
			says := r.complaint()
			if r.code != c.code || !strings.Contains(says+r.stderr[max(0, len(r.stderr)-400):], c.says) {
				t.Errorf("exit %d, want %d and %q:\n%s", r.code, c.code, c.says, r.stderr)
			}
			if says == "" || r.out != "" && c.says != "every row" || strings.Contains(r.stderr, "goroutine ") {
				t.Errorf("want one sentence on stderr and nothing on stdout:\n%s\n%s", r.stderr, r.out)
			}
			t.Log(says)
		})
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	for _, name := range strings.Fields("demo run import imports template send export status doctor verify republish migrate config version") {
		r := comptoir(t, name, "--help")
		if r.code != 0 || !strings.Contains(r.out, "Examples:\n  comptoir "+name) {
			t.Errorf("%s --help: exit %d\n%s%s", name, r.code, r.out, r.stderr)
		}
	}
}

func TestConfigMasksPasswords(t *testing.T) {
	r := comptoir(t, "config", "--mongodb-uri", "mongodb://shop:hunter2@db", "--data", t.TempDir())
	if r.code != 0 || strings.Contains(r.out+r.stderr, "hunter2") || !strings.Contains(r.out, "MONGODB_URI=mongodb://shop:****@db") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.stderr)
	}
}
