package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// rows is how many lines the year's table has.
const rows = 541_909

// stages measures what the year takes stage by stage, and all at once. It leaves
// the ledger that the other measurements take their events from.
func (b *bench) stages(show bool) error {
	dir := filepath.Join(b.dir, "year", "data")
	say("importing the year")
	const data = "local/demo/online-retail"
	imported, err := b.command(dir, nil, "import", "--profile", "online-retail", "--stock-date", "2011-12-09", data+"-products.csv", data+"-stock.csv", data+".csv.gz").run()
	if err != nil || !show {
		return err
	}
	say("publishing it to the embedded broker")
	published, err := b.command(dir, nil, "run", "relay", "broker", "--until-caught-up").run()
	if err != nil {
		return err
	}
	say("applying it")
	applied, err := b.command(dir, nil, "run", "functions", "broker", "--until-caught-up").run()
	if err != nil {
		return err
	}
	verified, err := b.command(dir, nil, "verify").run()
	if err != nil {
		return err
	}
	say("all at once: comptoir demo --exit")
	all, err := b.folder("demo")
	if err != nil {
		return err
	}
	p := b.command(all, []string{"BUSINESS_DATE=", "CURRENCY=", "BUSINESS_TIMEZONE="}, "demo", "--exit")
	whole, err := p.run()
	if err != nil {
		return err
	}
	if _, err := b.command(all, nil, "verify").run(); err != nil {
		return err
	}
	counts, err := countEvents(b.ctx, dir)
	if err != nil {
		return err
	}
	t := &table{
		title: fmt.Sprintf("The year by stages: %s lines, %s events (embedded broker and state)", grouped(rows), grouped(counts.all)),
		head:  []string{"stage", "seconds", "a second", "CPU-s", "CPU-s per million", "peak memory"},
	}
	row := func(name string, c cost, n int64, what string) {
		t.add(name, seconds(c.wall), grouped(int64(float64(n)/c.wall.Seconds()))+" "+what, seconds(c.cpu), fmt.Sprintf("%.1f", c.cpu.Seconds()/float64(n)*1e6), mib(c.peak))
	}
	row("import into the ledger", imported, rows, "lines")
	row("publish to the broker", published, counts.all, "events")
	row("apply (all functions)", applied, counts.all, "events")
	row("verify", verified, counts.all, "events")
	row("`comptoir demo`, all of it", whole, rows, "lines")
	t.note = fmt.Sprintf("Data directory afterwards: %s. Each stage includes the start of its process.", mib(size(all)))
	b.report.add(t)
	return os.RemoveAll(filepath.Dir(all))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }

func mib(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
