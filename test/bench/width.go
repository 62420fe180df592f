package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"comptoir/shared/event"
)

// width measures what a document costs where there are few products and where
// there are very many: first each is made by its first sale, then some are changed.
func (b *bench) width(p *place) error {
	t := &table{
		title: "Many products on the " + p.name + ": the cost of a document written",
		head:  []string{"products", "made: µs a document", "changed: µs a document"},
		note:  "Each product is sold once into an empty state, then 20,000 sales of products drawn at random follow. Time is that of the process less that of one with nothing to do.",
	}
	few, many := 10_000, 1_000_000
	if b.short {
		many = 50_000
	}
	for _, n := range []int{few, many} {
		made, changed, err := b.spread(p, n)
		if err != nil {
			return err
		}
		t.add(grouped(int64(n)), fmt.Sprintf("%.0f", made), fmt.Sprintf("%.0f", changed))
	}
	b.report.add(t)
	return nil
}

const changes = 20_000

// spread returns what it costs to make n documents, and to change some of them,
// in microseconds a document.
func (b *bench) spread(p *place, n int) (made, changed float64, err error) {
	topic, err := b.newTopic(p, "wide")
	if err != nil {
		return 0, 0, err
	}
	topic.fresh()
	if _, err := b.command(topic.dir, topic.list(), "migrate").run(); err != nil {
		return 0, 0, err
	}
	run := newRun()
	revisions := make([]int32, n)
	// send sells products, each with the next of its own revisions.
	send := func(many int, which func(int) int) (err error) {
		c, stop, err := b.connect(topic)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		for from := 0; from < many; from += 10_000 {
			var batch []event.Message
			for i := from; i < min(many, from+10_000); i++ {
				product := which(i)
				revisions[product]++
				batch = append(batch, saleOf(fmt.Sprintf("P%07d", product), run, int64(revisions[product])))
			}
			if err := sendAll(b.ctx, c, batch); err != nil {
				return err
			}
		}
		return nil
	}
	once := func() (time.Duration, error) {
		c, err := b.command(topic.dir, topic.list(), append([]string{"run", "--until-caught-up"}, p.parts...)...).run()
		return c.wall, err
	}
	say("%s products on the %s", grouped(int64(n)), p.name)
	nothing, err := once()
	if err != nil {
		return 0, 0, err
	}
	if err := send(n, func(i int) int { return i }); err != nil {
		return 0, 0, err
	}
	first, err := once()
	if err != nil {
		return 0, 0, err
	}
	full, err := once()
	if err != nil {
		return 0, 0, err
	}
	r := rand.New(rand.NewPCG(1, uint64(n)))
	touched := map[int]bool{}
	if err := send(changes, func(int) int {
		product := r.IntN(n)
		touched[product] = true
		return product
	}); err != nil {
		return 0, 0, err
	}
	second, err := once()
	if err != nil {
		return 0, 0, err
	}
	micros := func(d, idle time.Duration, docs int) float64 {
		return float64((d - idle).Microseconds()) / float64(docs)
	}
	made, changed = micros(first, nothing, n), micros(second, full, len(touched))
	say("a run took %v with nothing at all, %v for the first sales, %v with nothing new, %v for the changes", nothing, first, full, second)
	if err := b.dropState(topic); err != nil {
		return 0, 0, err
	}
	return made, changed, b.remove(topic)
}
