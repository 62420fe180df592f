// Command results shows what `go test -json` prints, a line a package and all of
// a test that failed, and keeps note of which tests ran:
//
//	go test -json ./... | go run ./test/results NOTES
//	go run ./test/results -skipped NOTES
//
// The second prints each test that was skipped in every run noted, with its
// reason, and exits 1 where there is one.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

// note is one test's end: pass, fail or skip, and the reason of a skip.
type note struct {
	Name   string `json:"name"`
	Action string `json:"action"`
	Reason string `json:"reason,omitempty"`
}

func main() {
	err := fmt.Errorf("usage: results NOTES, or results -skipped NOTES")
	switch {
	case len(os.Args) == 3 && os.Args[1] == "-skipped":
		err = printSkipped(os.Args[2])
	case len(os.Args) == 2:
		err = follow(os.Stdin, os.Stdout, os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "results:", err)
		os.Exit(1)
	}
}

func follow(in io.Reader, out io.Writer, file string) (err error) {
	notes, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closed := notes.Close(); err == nil {
			err = closed
		}
	}()
	said := map[string]string{} // by package and test, until it ends
	encode := json.NewEncoder(notes)
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Package == "" {
				fmt.Fprint(out, string(line)) // of the compiler
			} else if err := take(out, encode, said, e); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func take(out io.Writer, notes *json.Encoder, said map[string]string, e event) error {
	name := e.Package + "." + e.Test
	switch e.Action {
	case "output":
		said[name] += e.Output
		return nil
	case "pass", "fail", "skip":
	default:
		return nil
	}
	text := said[name]
	delete(said, name)
	if e.Test == "" {
		if e.Action == "fail" {
			fmt.Fprint(out, text)
		} else {
			fmt.Fprintf(out, "%-4s %s %.1fs\n", strings.Replace(e.Action, "pass", "ok", 1), e.Package, e.Elapsed)
		}
		return nil
	}
	n := note{Name: name, Action: e.Action}
	switch e.Action {
	case "fail":
		fmt.Fprint(out, text)
	case "skip":
		var reason []string
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
				reason = append(reason, line)
			}
		}
		n.Reason = strings.Join(reason, " ")
	}
	return notes.Encode(n)
}

func printSkipped(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	reasons, ran := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(string(content)) {
		var n note
		if err := json.Unmarshal([]byte(line), &n); err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		if n.Action == "skip" {
			reasons[n.Name] = n.Reason
		} else {
			ran[n.Name] = true
		}
	}
	maps.DeleteFunc(reasons, func(name, _ string) bool { return ran[name] })
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Printf("%s: %s\n", name, reasons[name])
	}
	if len(reasons) > 0 {
		return fmt.Errorf("%d tests were skipped", len(reasons))
	}
	return nil
}
