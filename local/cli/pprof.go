package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"runtime/pprof"
	"time"
)

// profile writes what the command costs into a directory, for `go tool pprof`:
// cpu.pprof, heap.pprof as it was when most memory was in use, and runtime.tsv with
// a line a second of what lives. stop ends it.
func profile(dir string) (stop func() error, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a folder of the user's own, as mkdir makes it
		return nil, fmt.Errorf("profiling: %w; name a folder that you may write to with --pprof DIR", err)
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return nil, fmt.Errorf("profiling: %w; name a folder that you may write to with --pprof DIR", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(fmt.Errorf("profiling: %w", err), cpu.Close())
	}
	done, ended := make(chan struct{}), make(chan error, 2)
	go func() { ended <- watchHeap(filepath.Join(dir, "heap.pprof"), done) }()
	go func() { ended <- watchLiving(filepath.Join(dir, "runtime.tsv"), done) }()
	return func() error {
		pprof.StopCPUProfile()
		close(done)
		return errors.Join(<-ended, <-ended, cpu.Close())
	}, nil
}

// watchLiving writes a line a second: the time, how many goroutines there are, and
// bytes of the heap in use. So it can be read while the command runs.
func watchLiving(path string, done <-chan struct{}) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("profiling: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := fmt.Fprintln(f, "time\tgoroutines\theap_bytes"); err != nil {
		return fmt.Errorf("profiling: %w", err)
	}
	living := []metrics.Sample{{Name: "/sched/goroutines:goroutines"}, {Name: "/memory/classes/heap/objects:bytes"}}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		metrics.Read(living)
		if _, err := fmt.Fprintf(f, "%s\t%d\t%d\n", time.Now().UTC().Format(time.RFC3339), living[0].Value.Uint64(), living[1].Value.Uint64()); err != nil {
			return fmt.Errorf("profiling: %w", err)
		}
		select {
		case <-done:
			return nil
		case <-tick.C:
		}
	}
}

// watchHeap keeps the profile of the largest heap that it sees, until done.
func watchHeap(path string, done <-chan struct{}) error {
	inUse := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for largest := uint64(0); ; {
		metrics.Read(inUse)
		if now := inUse[0].Value.Uint64(); now > largest+largest/16 {
			largest = now
			if err := writeHeap(path); err != nil {
				return err
			}
		}
		select {
		case <-done:
			return nil
		case <-tick.C:
		}
	}
}

func writeHeap(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("profiling: %w", err)
	}
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}
