package architecture

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// deployable are the programs that are deployed by themselves, with how many bytes
// each may have, stripped. What makes one larger has to be worth its cold starts.
var deployable = map[string]int64{
	"functions/cmd/lambda":  17_000_000,
	"functions/cmd/knative": 18_000_000,
}

// never are packages that no deployed program holds.
var never = []string{"modernc.org/", "database/sql", "comptoir/local/", "comptoir/test/", "comptoir/shared/state/sqlitestate", "net/rpc", "testing", "github.com/twmb/", "net/http/pprof"}

func TestWhatIsDeployedIsSmall(t *testing.T) {
	for pkg, most := range deployable {
		t.Run(pkg, func(t *testing.T) {
			for _, dep := range strings.Fields(goCommand(t, "list", "-deps", "-tags", "lambda.norpc", "comptoir/"+pkg)) {
				for _, bad := range never {
					if dep == bad || strings.HasSuffix(bad, "/") && strings.HasPrefix(dep, bad) {
						t.Errorf("%s holds %s", pkg, dep)
					}
				}
			}
			binary := filepath.Join(t.TempDir(), "binary")
			goCommand(t, "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binary, "comptoir/"+pkg)
			info, err := os.Stat(binary)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %.1f MB", pkg, float64(info.Size())/1e6)
			if info.Size() > most {
				t.Errorf("%s has %d bytes, at most %d are allowed: go tool nm -size -sort size tells of what", pkg, info.Size(), most)
			}
		})
	}
}

func goCommand(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}
