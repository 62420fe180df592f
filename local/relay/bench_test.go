package relay_test

import (
	"log/slog"
	"syscall"
	"testing"
	"time"

	"comptoir/local/broker"
	"comptoir/local/relay"
	"comptoir/shared/records"
)

// BenchmarkRelay publishes 400,000 generated events over 8 partitions through
// the embedded broker, in this same process, and fsyncs each batch.
func BenchmarkRelay(b *testing.B) {
	const n = 400_000
	l := newBooks(8)
	l.record(n)
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		l.marks = map[string]int64{}
		server, err := broker.Start(broker.Options{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		c, err := records.Connect(records.Config{Bootstrap: []string{server.Addr()}})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Migrate(b.Context(), records.Layout{Partitions: 8}); err != nil {
			b.Fatal(err)
		}
		r, err := relay.New(relay.Options{Ledger: l, Cluster: c, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		before := cpu(b)
		b.StartTimer()
		if _, err := r.RepublishAll(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		used += cpu(b) - before
		c.Close()
		if err := server.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(used.Seconds()/float64(b.N)/n*1e6, "CPU-s/million")
}

// BenchmarkIdle is what a relay costs that has nothing to do, broker included.
func BenchmarkIdle(b *testing.B) {
	l := newBooks(8)
	l.record(1000)
	server, err := broker.Start(broker.Options{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	c, err := records.Connect(records.Config{Bootstrap: []string{server.Addr()}})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Migrate(b.Context(), records.Layout{Partitions: 8}); err != nil {
		b.Fatal(err)
	}
	r, err := relay.New(relay.Options{Ledger: l, Cluster: c, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	go func() { _ = r.Run(ctx) }()
	if err := r.Level(ctx); err != nil {
		b.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	const idle = 3 * time.Second
	before, began := cpu(b), time.Now()
	for b.Loop() {
		time.Sleep(idle)
	}
	b.ReportMetric(100*float64(cpu(b)-before)/float64(time.Since(began)), "%CPU")
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
