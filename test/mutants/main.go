// Mutants puts faults into the code on purpose, one at a time, and runs the test
// that must see each. It prints the list, and exits 1 where a fault was not seen.
//
//	go run ./test/mutants [-markdown] [PART OF A NAME]
//
// No file of the checkout is touched: the compiler is given other contents.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// verdict is what became of a mutant.
type verdict string

const (
	caught   verdict = "caught"
	survived verdict = "SURVIVED"
	stale    verdict = "DOES NOT APPLY"
	broken   verdict = "DOES NOT COMPILE"
)

// result is the verdict on a mutant, with the first line that says why.
type result struct {
	verdict verdict
	why     string
	took    time.Duration
}

// limit is for one test.
const limit = 3 * time.Minute

func main() {
	markdown := flag.Bool("markdown", false, "print the list as a table for the docs")
	flag.Parse()
	bad, err := run(context.Background(), flag.Arg(0), *markdown)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if bad > 0 {
		fmt.Fprintf(os.Stderr, "%d mutants were not caught\n", bad)
		os.Exit(1)
	}
}

func run(ctx context.Context, part string, markdown bool) (bad int, err error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return 0, fmt.Errorf("making a folder for the changed files: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var all []mutant
	for _, m := range mutants() {
		if strings.Contains(m.Name, part) {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return 0, fmt.Errorf("no mutant has %q in its name", part)
	}
	if err := baseline(ctx, root, all); err != nil {
		return 0, err
	}
	results := make([]result, len(all))
	began := time.Now()
	var group sync.WaitGroup
	work := make(chan int)
	for range min(2, runtime.NumCPU()) {
		group.Go(func() {
			for i := range work {
				began := time.Now()
				results[i] = try(ctx, root, filepath.Join(dir, strconv.Itoa(i)), all[i])
				results[i].took = time.Since(began)
				if !markdown {
					fmt.Printf("%-16s %5.1fs  %s (%s)\n", results[i].verdict, results[i].took.Seconds(), all[i].Name, all[i].Test)
					fmt.Printf("        %s\n", results[i].why)
				}
			}
		})
	}
	for i := range all {
		work <- i
	}
	close(work)
	group.Wait()
	for i, r := range results {
		if r.verdict != caught {
			bad++
		}
		if markdown {
			fmt.Printf("| %s | `%s` | %s | %s |\n", all[i].Name, all[i].Edits[0].File, r.verdict, all[i].Test)
		}
	}
	fmt.Printf("\n%d mutants, %d caught, in %v\n", len(all), len(all)-bad, time.Since(began).Round(time.Second))
	return bad, nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("asking go for the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// baseline runs each test once with nothing changed: one that fails anyway catches
// nothing.
func baseline(ctx context.Context, root string, all []mutant) error {
	done := map[test]bool{}
	for _, m := range all {
		if done[m.Test] {
			continue
		}
		done[m.Test] = true
		cmd := exec.CommandContext(ctx, "go", "test", "-timeout", limit.String(), "-run", m.Test.Run, m.Test.Package) //nolint:gosec // both are in the list above
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s fails with nothing changed: %w\n%s", m.Test, err, reason(out))
		}
	}
	return nil
}

// try applies a mutant in an overlay and runs its test.
func try(ctx context.Context, root, dir string, m mutant) result {
	overlay, err := m.apply(root, dir)
	if err != nil {
		return result{verdict: stale, why: err.Error()}
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-count=1", "-timeout", limit.String(), "-run", m.Test.Run, m.Test.Package) //nolint:gosec // both are in the list above
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "SIMULATE_SHRINK=0")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return result{verdict: survived, why: "the test passes"}
	case !errors.As(err, &exit):
		return result{verdict: broken, why: err.Error()}
	case bytes.Contains(out, []byte("[build failed]")), bytes.Contains(out, []byte("[setup failed]")):
		return result{verdict: broken, why: firstLines(out)}
	}
	return result{verdict: caught, why: reason(out)}
}

// apply writes the changed files and the overlay that names them.
func (m mutant) apply(root, dir string) (overlay string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	changed := map[string]string{}
	for _, e := range m.Edits {
		path := filepath.Join(root, filepath.FromSlash(e.File))
		text, ok := changed[path]
		if !ok {
			b, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return "", fmt.Errorf("%s: the text to be replaced stands there %d times, not once: %q", e.File, n, e.Old)
		}
		if e.Old == e.New {
			return "", fmt.Errorf("%s: the mutant changes nothing", e.File)
		}
		changed[path] = strings.Replace(text, e.Old, e.New, 1)
	}
	replace := map[string]string{}
	for path, text := range changed {
		name := filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = name
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}

// reason finds the line of a test's output that says what it saw.
func reason(out []byte) string {
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "_test.go:") || strings.HasPrefix(line, "panic:") {
			return line[:min(len(line), 200)]
		}
	}
	return firstLines(out)
}

func firstLines(out []byte) string {
	lines := strings.SplitN(string(out), "\n", 6)
	return strings.Join(lines[:min(5, len(lines))], "\n        ")
}
