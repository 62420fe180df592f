// Command bench measures Comptoir on a real shop's year: each stage and all of
// them, the functions alone on their embedded defaults and on real servers, and
// beside them, in the same run, what only reading costs and what a worker written
// by hand does.
//
//	go run ./test/bench [-only stages|embedded|servers] [-what catch-up|latency|width|serverless] [-short] [-out FILE]
//
// Real servers are those that COMPTOIR_TEST_KAFKA_BOOTSTRAP_SERVERS and
// COMPTOIR_TEST_MONGODB_URI name; `make bench` starts some. A run whose figures are
// not right has no number: it ends the bench with exit code 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"
)

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", role, err)
			os.Exit(1)
		}
		return
	}
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// bench is one run of all measurements.
type bench struct {
	ctx    context.Context //nolint:containedctx // the whole program's
	dir    string          // of everything that is written
	binary string          // the command that is measured
	short  bool            // fewer repetitions and shorter ones, to see that all of it works
	report report
}

func run() (err error) {
	only := flag.String("only", "", "measure only `stages`, embedded or servers")
	short := flag.Bool("short", false, "fewer and shorter runs: to see that the bench works, not for figures")
	what := flag.String("what", "", "measure of a place only catch-up, latency, width or serverless")
	out := flag.String("out", "", "write the tables into `FILE` too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "comptoir-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{ctx: ctx, dir: dir, binary: filepath.Join(dir, "comptoir"), short: *short}
	say("building the command")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, "comptoir/local/cmd/comptoir") //nolint:gosec // our own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the command: %w\n%s", err, text)
	}
	b.report.title = fmt.Sprintf("%s, %d cores, %s", time.Now().UTC().Format("2006-01-02 15:04"), runtime.NumCPU(), runtime.Version())
	if *what == "" || *what == "catch-up" {
		if err := b.stages(*only == "" || *only == "stages"); err != nil {
			return err
		}
	}
	for _, p := range b.places() {
		if *only != "" && *only != p.name {
			continue
		}
		for _, m := range []struct {
			name string
			make func(*place) error
		}{{"catch-up", b.measure}, {"latency", b.latency}, {"width", b.width}, {"serverless", b.serverless}} {
			if *what != "" && *what != m.name {
				continue
			}
			if err := m.make(p); err != nil {
				return fmt.Errorf("on the %s: %w", p.name, err)
			}
		}
	}
	to := io.Writer(os.Stdout)
	if *out != "" {
		f, err := os.Create(*out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		to = io.MultiWriter(to, f)
	}
	return b.report.print(to)
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// repeat is how often a measurement is made; its median counts.
func (b *bench) repeat() int {
	if b.short {
		return 1
	}
	return 3
}
