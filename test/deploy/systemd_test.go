package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const units = "../../deploy/systemd"

// mostExposed is the exposure, in tenths, up to which systemd calls a unit well kept.
const mostExposed = "20"

func TestUnitsAreRightAndHardened(t *testing.T) {
	needsTools(t)
	files, err := filepath.Glob(units + "/comptoir*.*")
	if err != nil || len(files) != 3 {
		t.Fatalf("there are %d units, not 3 (%v)", len(files), err)
	}
	// Where the command is installed by those who follow the documentation; any
	// program that is there will do here.
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(files[i], []byte(strings.ReplaceAll(string(text), "/usr/local/bin/comptoir", program)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, errs, err := run(t, nil, "systemd-analyze", append([]string{"verify"}, files...)...); err != nil || strings.Contains(out+errs, dir) {
		t.Errorf("systemd-analyze verify: %v\n%s%s", err, out, errs)
	}
	for _, file := range files {
		if !strings.HasSuffix(file, ".service") {
			continue
		}
		out, errs, err := run(t, nil, "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold="+mostExposed, file)
		if err != nil {
			t.Errorf("systemd-analyze security: %v\n%s%s", err, out, errs)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		t.Log(lines[len(lines)-1])
	}
}

func TestUnitsAreRestartedButNotForAWrongSetting(t *testing.T) {
	text, err := os.ReadFile(units + "/comptoir.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Restart=on-failure", "RestartPreventExitStatus=2", "User=comptoir", "Environment=LOG_FORMAT=text"} {
		if !strings.Contains(string(text), "\n"+want+"\n") {
			t.Errorf("comptoir.service lacks %s", want)
		}
	}
}
