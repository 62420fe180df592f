package kafkatrigger_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records/recordstest"
	"comptoir/shared/trigger/kafkatrigger"
)

type nothing struct{}

func (nothing) Handle(_ context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report) {
	return projection.Outcome{}, projection.Report{Records: len(batch)}
}

// BenchmarkConsume reads and decodes 560,000 sales from 8 partitions into a
// handler that does nothing; the broker runs in the same process.
func BenchmarkConsume(b *testing.B) {
	server := recordstest.Start(b)
	c := server.Connect()
	recordstest.Migrate(b, c, 8)
	const n = 560_000
	produce(b, c, 8, n)
	before := cpu(b)
	for b.Loop() {
		b.StopTimer()
		if err := kafkatrigger.Forget(b.Context(), c, "bench"); err != nil {
			b.Fatal(err)
		}
		k, err := kafkatrigger.New(kafkatrigger.Config{
			Function: "bench", Topics: []event.Topic{event.Sales}, Cluster: recordstest.Connect(b, server.Addr()), Handler: nothing{}, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		b.StartTimer()
		go func() { done <- k.Run(ctx) }()
		if err := k.CaughtUp(ctx); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N)/n*1e6, "CPU-s/million")
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "VmHWM") {
				b.Log(strings.TrimSpace(line))
			}
		}
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
