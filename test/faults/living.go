package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// living is what lives in a process.
type living struct {
	resident   int64 // bytes
	goroutines int
}

// sample is what lives in each part at a moment.
type sample struct {
	at   time.Time
	what string
	of   map[string]living
}

// sample takes one, and notes it for the table.
func (k *soak) sample(ctx context.Context, what string) error {
	s := sample{time.Now(), what, map[string]living{}}
	row := []string{fmt.Sprintf("%.0f s", time.Since(k.began).Seconds()), what, count(k.till.written())}
	ends, err := k.ends(ctx)
	if err != nil {
		return err
	}
	lag, err := k.lag(ctx, "product-winners", ends)
	if err != nil {
		return err
	}
	row = append(row, count(lag))
	for _, part := range partNames {
		l, err := k.living(part)
		if err != nil {
			return fmt.Errorf("looking at what lives in %s: %w", part, err)
		}
		s.of[part] = l
		row = append(row, fmt.Sprintf("%d MiB, %d", l.resident>>20, l.goroutines))
	}
	k.samples, k.rows = append(k.samples, s), append(k.rows, row)
	return nil
}

func livingHead() []string {
	head := []string{"time", "", "events sent", "behind"}
	for _, part := range partNames {
		head = append(head, part+": memory, goroutines")
	}
	return head
}

// living reads the resident memory that the system tells, and the last line of what
// the command notes by itself.
func (k *soak) living(part string) (l living, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", k.parts[part].Cmd.Process.Pid))
	if err != nil {
		return l, err
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	var kib int64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		return l, fmt.Errorf("the system does not tell its resident memory: %w", err)
	}
	l.resident = kib << 10
	text, err := os.ReadFile(filepath.Join(k.profiles, part, "runtime.tsv"))
	if err != nil {
		return l, err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	fields := strings.Split(lines[len(lines)-1], "\t")
	if len(fields) != 3 {
		return l, fmt.Errorf("runtime.tsv ends with %q", fields)
	}
	_, err = fmt.Sscan(fields[1], &l.goroutines)
	return l, err
}

// middle are the medians of some samples.
func middle(all []sample, part string) (m living) {
	if len(all) == 0 {
		return m
	}
	resident, goroutines := make([]int64, 0, len(all)), make([]int, 0, len(all))
	for _, s := range all {
		resident, goroutines = append(resident, s.of[part].resident), append(goroutines, s.of[part].goroutines)
	}
	slices.Sort(resident)
	slices.Sort(goroutines)
	return living{resident[len(resident)/2], goroutines[len(goroutines)/2]}
}
