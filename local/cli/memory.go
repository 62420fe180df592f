package cli

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"

	"comptoir/local/datadir"
	"comptoir/local/runner"
)

// frugal bounds what the collector lets memory grow to: not at all while the
// process is small, then to twice what is in use. By itself the collector looks at
// the heap alone and lets a process that runs the functions have a third more. GOGC
// or GOMEMLIMIT in the environment switch it off.
func frugal(ctx context.Context, app *runner.App) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	// Below this, memory is not worth a processor's time.
	small := int64(70 << 20)
	if slices.Contains(app.Parts(), datadir.Broker) {
		small = 120 << 20 // its index and its buffers come with it
	}
	debug.SetMemoryLimit(small)
	go func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			metrics.Read(live)
			debug.SetMemoryLimit(max(small, 2*int64(live[0].Value.Uint64())))
		}
	}()
}
