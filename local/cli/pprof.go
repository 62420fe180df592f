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
// cpu.pprof, and heap.pprof as it was when most memory was in use. stop ends it.
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
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- watchHeap(filepath.Join(dir, "heap.pprof"), done) }()
	return func() error {
		pprof.StopCPUProfile()
		close(done)
		return errors.Join(<-ended, cpu.Close())
	}, nil
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
