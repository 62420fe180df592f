package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"comptoir/local/runner"
	"comptoir/shared/event"
	"comptoir/shared/records"
	"comptoir/shared/state"
)

// products is how many products the sales of the latency runs are of.
const products = 1000

// latency measures, on a topic of its own, the time from a process's start to its
// first result, and from an event's sending until the state shows it.
func (b *bench) latency(p *place) error {
	t := &table{
		title: "Latency on the " + p.name,
		head:  []string{"", "median", "p99", "max", "samples", "worker's CPU"},
		note: fmt.Sprintf("Open loop: events are sent at their time, whatever has become of the others. A sample, ten a second, is a sale of which a reader asks the state "+
			"until its document holds it; the %s between two looks, and what they cost the store, are in the figure. ", p.look()) + "Cold start: from the process's start until the state, which `comptoir migrate` has prepared on servers, shows the first of 1,000 sales.",
	}
	starts := make([]time.Duration, 0, 5)
	runs := 5
	rates := []int{100, 1000}
	lasting := 30 * time.Second
	if b.short {
		runs, lasting = 1, 3*time.Second
	}
	for range runs {
		topic, err := b.newTopic(p, "cold")
		if err != nil {
			return err
		}
		took, err := b.coldStart(topic)
		if err != nil {
			return errors.Join(err, b.remove(topic))
		}
		starts = append(starts, took)
		if err := b.remove(topic); err != nil {
			return err
		}
	}
	t.spread("cold start → first result", starts, "")
	for _, rate := range rates {
		topic, err := b.newTopic(p, "live")
		if err != nil {
			return err
		}
		samples, busy, err := b.live(topic, rate, lasting)
		if err := errors.Join(err, b.remove(topic)); err != nil {
			return err
		}
		t.spread(fmt.Sprintf("%s events/s", grouped(int64(rate))), samples, fmt.Sprintf("%.0f %%", busy*100))
	}
	b.report.add(t)
	return nil
}

func (t *table) spread(name string, all []time.Duration, cpu string) {
	slices.Sort(all)
	at := func(q float64) string {
		return fmt.Sprintf("%.1f ms", float64(all[min(len(all)-1, int(q*float64(len(all))))].Microseconds())/1000)
	}
	t.add(name, at(0.5), at(0.99), at(1), grouped(int64(len(all))), cpu)
}

// newRun names a latency run: its events are of a source of their own.
func newRun() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }

// sale is the n-th sale of a latency run.
func sale(n int64, run string) event.Message {
	return saleOf(fmt.Sprintf("P%05d", n%products), run, n/products+1)
}

// saleOf is the sale of a product with a revision.
func saleOf(key, run string, revision int64) event.Message {
	date := event.NewDate(2011, 12, 9)
	a := event.Attributes{
		ID: fmt.Sprintf("%s-%s-%d", run, key, revision), Source: "/bench/" + run, Type: event.ProductSold, Subject: "INV", Time: time.Now(), Key: key, Revision: revision,
	}
	return event.Encode(a, event.MarshalData(&event.ProductSale{
		DocumentID: "INV", Date: date, Name: "Product", Quantity: 1000, Net: 100, Currency: "GBP", FirstSoldOn: date, LastSoldOn: date,
	}))
}

func (b *bench) coldStart(topic *topic) (took time.Duration, err error) {
	c, stop, err := b.connect(topic)
	if err != nil {
		return 0, err
	}
	if err := sendFirst(b.ctx, c, newRun()); err != nil {
		return 0, errors.Join(err, stop())
	}
	if err := stop(); err != nil {
		return 0, err
	}
	topic.fresh()
	if !topic.place.embed { // as once on every new server
		if _, err := b.command(topic.dir, topic.list(), "migrate").run(); err != nil {
			return 0, err
		}
	}
	p := b.command(topic.dir, topic.list(), append([]string{"run"}, topic.place.parts...)...)
	if err := p.start(); err != nil {
		return 0, err
	}
	defer func() {
		_, ended := p.end()
		err = errors.Join(err, ended, b.dropState(topic))
	}()
	var r runner.Reader
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if r == nil {
			if topic.place.embed { // the file comes with the process
				if _, err := os.Stat(topic.dir + "/state.db"); err != nil {
					continue
				}
			}
			if r, err = topic.reader(b.ctx); err != nil {
				continue
			}
			defer func() { _ = r.Close() }() // it was only read
		}
		if docs, err := r.Find(b.ctx, "product_winners", state.Find{Limit: 1}); err == nil && len(docs) > 0 {
			return time.Since(p.began), nil
		} else if time.Now().After(deadline) {
			return 0, fmt.Errorf("nothing is shown half a minute after the start: %w", err)
		}
	}
}

// applied asks up to which revision the state holds the sales of a product.
func applied(ctx context.Context, r runner.Reader, product int64) (int64, error) {
	raw, ok, err := r.Get(ctx, "product_winners", fmt.Sprintf("P%05d", product))
	if err != nil || !ok {
		return 0, err
	}
	var doc struct {
		Sources []struct {
			Applied int64 `json:"applied"`
		} `json:"sources"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil || len(doc.Sources) == 0 {
		return 0, err
	}
	return doc.Sources[0].Applied, nil
}

// sendFirst sends the first sale of every product. A topic that was just made may
// refuse for a moment.
func sendFirst(ctx context.Context, c *records.Cluster, run string) (err error) {
	messages := make([]event.Message, products)
	for n := range messages {
		messages[n] = sale(int64(n), run)
	}
	return sendAll(ctx, c, messages)
}

// sendAll sends until Kafka has taken all: what it may have twice counts once.
func sendAll(ctx context.Context, c *records.Cluster, messages []event.Message) (err error) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if _, err = c.Send(ctx, event.Sales, messages); err == nil {
			return nil
		}
	}
	return err
}

// look is how often the state is asked: asking a server takes as much as writing to it.
func (p *place) look() time.Duration {
	if p.embed {
		return time.Millisecond
	}
	return 4 * time.Millisecond
}

// live sends at a rate and samples, ten times a second, when a sale is shown.
func (b *bench) live(topic *topic, rate int, lasting time.Duration) (samples []time.Duration, busy float64, err error) {
	say("latency at %d events/s for %s", rate, lasting)
	topic.fresh()
	p := b.command(topic.dir, topic.list(), append([]string{"run"}, topic.place.parts...)...)
	if err := p.start(); err != nil {
		return nil, 0, err
	}
	defer func() {
		c, ended := p.end()
		busy = c.cpu.Seconds() / c.wall.Seconds()
		err = errors.Join(err, ended, b.dropState(topic))
	}()
	c, err := b.reach(topic)
	if err != nil {
		return nil, 0, err
	}
	defer c.Close()
	r, err := topic.reader(b.ctx)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = r.Close() }() // it was only read
	l := &loop{look: topic.place.look(), c: c, r: r, run: newRun(), rate: rate, name: salesName(c)}
	if l.partitions, err = c.Partitions(b.ctx, l.name); err != nil {
		return nil, 0, err
	}
	if err := l.warm(b.ctx); err != nil {
		return nil, 0, err
	}
	if err := l.send(b.ctx, lasting); err != nil {
		return nil, 0, err
	}
	if want := int(lasting.Seconds()) * 5; len(l.samples) < want {
		return nil, 0, fmt.Errorf("only %d samples were taken, want %d", len(l.samples), want)
	}
	return l.samples, 0, nil
}

// reach connects to the Kafka that the running process uses.
func (b *bench) reach(topic *topic) (c *records.Cluster, err error) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		dir, cfg, err2 := topic.open()
		if err = err2; err != nil {
			continue
		}
		if c, err = runner.Connect(dir, cfg); err != nil {
			continue
		}
		if err = c.Ping(b.ctx); err == nil {
			return c, nil
		}
		c.Close()
	}
	return nil, err
}

// loop is an open loop.
type loop struct {
	c          *records.Cluster
	r          runner.Reader
	run, name  string
	rate       int
	look       time.Duration // between two looks at the state
	partitions int
	next       int64

	mu      sync.Mutex
	samples []time.Duration
	faults  []error
}

// warm makes every product's document, and sees the first applied.
func (l *loop) warm(ctx context.Context) error {
	l.next = products
	if err := sendFirst(ctx, l.c, l.run); err != nil {
		return err
	}
	for p := range int64(products) {
		if err := l.shown(ctx, p, 1); err != nil {
			return err
		}
	}
	time.Sleep(2 * time.Second)
	return nil
}

// shown waits until the state holds a sale.
func (l *loop) shown(ctx context.Context, product, revision int64) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(l.look) {
		n, err := applied(ctx, l.r, product)
		if err == nil && n >= revision {
			return nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return fmt.Errorf("sale %d of product %d is not shown: %w", revision, product, err)
		}
	}
}

// send sends what falls due, every few milliseconds at most, one batch at a time
// to a partition, and has a sample watched ten times a second.
func (l *loop) send(ctx context.Context, lasting time.Duration) error {
	var watching sync.WaitGroup
	lanes := make([]chan []event.Message, l.partitions)
	var sending sync.WaitGroup
	for p := range lanes {
		lanes[p] = make(chan []event.Message, 1024)
		sending.Go(func() {
			for batch := range lanes[p] {
				if _, err := l.c.Produce(ctx, l.name, int32(p), batch); err != nil {
					l.fault(err)
				}
			}
		})
	}
	begun, sent := time.Now(), 0
	nextSample := begun
	for now := begun; now.Sub(begun) < lasting && ctx.Err() == nil; now = time.Now() {
		due := int(now.Sub(begun).Seconds() * float64(l.rate))
		byPartition := make([][]event.Message, l.partitions)
		for ; sent < due; sent++ {
			n := l.next
			l.next++
			m := sale(n, l.run)
			p := event.Partition(string(m.Key), l.partitions)
			byPartition[p] = append(byPartition[p], m)
			if at := time.Now(); !at.Before(nextSample) {
				nextSample = at.Add(100 * time.Millisecond)
				watching.Go(func() { l.watch(ctx, n, at) })
			}
		}
		for p, batch := range byPartition {
			if len(batch) > 0 {
				lanes[p] <- batch
			}
		}
		time.Sleep(time.Millisecond)
	}
	for _, lane := range lanes {
		close(lane)
	}
	sending.Wait()
	watching.Wait()
	return errors.Join(l.faults...)
}

// watch takes a sample: the n-th sale, sent at a time.
func (l *loop) watch(ctx context.Context, n int64, at time.Time) {
	if err := l.shown(ctx, n%products, n/products+1); err != nil {
		l.fault(err)
		return
	}
	took := time.Since(at)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.samples = append(l.samples, took)
}

func (l *loop) fault(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) < 10 {
		l.faults = append(l.faults, err)
	}
}
