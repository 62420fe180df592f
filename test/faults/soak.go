package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
	"comptoir/shared/records"
	"comptoir/test/command"
	"comptoir/test/year"
)

// soak is a long run under load: `comptoir send` sends at a rate, whatever happens,
// while servers are killed and the network fails. The parts themselves live on, and
// what lives in them must not grow.
type soak struct {
	*shop
	till    *till
	began   time.Time
	samples []sample
	table   *table
	rows    [][]string // what lives, over the time
}

func (p *place) soak(ctx context.Context, o *options, random *rand.Rand, out io.Writer) (err error) {
	k := &soak{till: newTill()}
	if k.shop, err = p.newShop(ctx, "soak"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	if err := k.open(ctx); err != nil {
		return err
	}
	rate := o.rate
	if rate == 0 {
		most, err := k.maximum(ctx, min(15*time.Second, o.soak/6))
		if err != nil {
			return err
		}
		rate = float64(int(most / 2))
		say("at most %.0f events/s come through; half of that is sent", most)
	}
	time.Sleep(3 * time.Second)
	if err := k.sample(ctx, "idle, before"); err != nil {
		return err
	}
	lateness, err := k.load(ctx, o.soak, rate, random)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, k.logs())
	}
	if err := k.quiet(ctx); err != nil {
		return err
	}
	title := fmt.Sprintf("%.0f events/s for %s, seed %d: %d events. %s", rate, o.soak, o.seed, k.till.written(), lateness)
	if err := printTable(out, title, livingHead(), k.rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return errors.Join(k.table.print(out, "The faults meanwhile"), k.table.err(), k.right(ctx), k.flat())
}

// open begins with a catalogue in the ledger, and every part.
func (k *soak) open(ctx context.Context) error {
	demo, err := filepath.Abs("../../local/demo")
	if err != nil {
		return err
	}
	if err := k.run(ctx, "import", "--profile", "online-retail", year.In(demo).Products, year.In(demo).Stock, "--stock-date", "2011-12-09"); err != nil {
		return err
	}
	if k.truth, err = openTruth(ctx, k.ledgerPath()); err != nil {
		return err
	}
	k.profiles = filepath.Join(k.dir, "soak", "profiles")
	if err := k.beginAll(); err != nil {
		return err
	}
	k.began = time.Now()
	return k.level(ctx)
}

// send runs `comptoir send` on the till, which is open for so long.
func (k *soak) send(d time.Duration, rate float64) (*command.Process, error) {
	k.till.openFor(d)
	args := []string{"send", "-", "--data", k.data}
	if rate > 0 {
		args = append(args, "--rate", fmt.Sprint(rate))
	}
	return command.StartReading(k.till, k.binary, k.home, k.settings, args...)
}

func (k *soak) sent(ctx context.Context, p *command.Process) (string, error) {
	code, err := p.Wait(ctx)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s: exit %d\n%s", p.Name, code, command.Tail(p.Err.String()))
	}
	return p.Out.String(), err
}

// maximum measures how many events a second come through when they are sent as
// fast as it goes, from the sending of the first to the applying of the last.
func (k *soak) maximum(ctx context.Context, d time.Duration) (float64, error) {
	began := time.Now()
	p, err := k.send(d, 0)
	if err != nil {
		return 0, err
	}
	defer p.Kill()
	if _, err := k.sent(ctx, p); err != nil {
		return 0, err
	}
	if err := k.applied(ctx); err != nil {
		return 0, err
	}
	return float64(k.till.written()) / time.Since(began).Seconds(), nil
}

// functions that read sales, and what of it.
var readers = map[string]event.Topic{"product-winners": event.Sales, "client-promotions": event.Sales}

// ends are where the partitions of sales end.
func (k *soak) ends(ctx context.Context) (ends map[int32]records.Range, err error) {
	name := k.cluster.Topics().Name(event.Sales)
	ask := map[string][]int32{name: {}}
	for p := range k.truth.ledger.Partitions() {
		ask[name] = append(ask[name], int32(p))
	}
	err = k.onKafka(ctx, "Kafka tells its offsets", func() error {
		all, err := k.cluster.AllOffsets(ctx, ask)
		ends = all[name]
		return err
	})
	return ends, err
}

// lag is how many records of sales a function has not committed, of those up to the ends.
func (k *soak) lag(ctx context.Context, function string, ends map[int32]records.Range) (lag int64, err error) {
	name := k.cluster.Topics().Name(readers[function])
	ask := map[string][]int{}
	for p := range ends {
		ask[name] = append(ask[name], int(p))
	}
	err = k.onKafka(ctx, "Kafka tells committed offsets", func() error {
		r, err := k.cluster.Client().OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: k.cluster.Group(function), Topics: ask})
		if err != nil {
			return err
		}
		lag = 0
		for _, p := range r.Topics[name] {
			if p.Error != nil {
				return p.Error
			}
			lag += max(0, ends[int32(p.Partition)].End-max(0, p.CommittedOffset))
		}
		return r.Error
	})
	return lag, err
}

// applied waits until everything that Kafka has now is applied.
func (k *soak) applied(ctx context.Context) error {
	ends, err := k.ends(ctx)
	if err != nil {
		return err
	}
	for function := range readers {
		err := eventually(ctx, function+" has applied everything", func() (bool, error) {
			lag, err := k.lag(ctx, function, ends)
			return err == nil && lag == 0, k.running()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// load sends at the rate for so long, with a fault from time to time.
func (k *soak) load(ctx context.Context, d time.Duration, rate float64, random *rand.Rand) (said string, err error) {
	var chosen []fault
	for _, f := range faults() {
		if f.outside {
			chosen = append(chosen, f)
		}
	}
	random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	k.table = newTable(chosen)
	say("sending for %s", d)
	p, err := k.send(d, rate)
	if err != nil {
		return "", err
	}
	defer p.Kill()
	every := max(18*time.Second, d/time.Duration(len(chosen)+1))
	between := max(time.Second, d/60)
	next, struck := time.Now().Add(every/2), 0
	for p.Running() {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err := errors.Join(k.running(), k.sample(ctx, "load")); err != nil {
			return "", err
		}
		if time.Now().After(next) && time.Since(p.Began) < d-every/2 {
			if err := k.strike(ctx, &chosen[struck%len(chosen)], random); err != nil {
				return "", err
			}
			struck, next = struck+1, next.Add(every)
		}
		time.Sleep(between)
	}
	out, err := k.sent(ctx, p)
	_, lateness, _ := strings.Cut(out, "\n")
	return strings.TrimSpace(lateness), err
}

// strike has a fault happen, and waits until what was sent before its end is applied.
func (k *soak) strike(ctx context.Context, f *fault, random *rand.Rand) error {
	s := &strike{fault: f, s: k.shop, random: random, lasts: f.lasts[0] + time.Duration(random.Int64N(int64(f.lasts[1]-f.lasts[0])))}
	before := k.till.written()
	if err := f.begin(ctx, s); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	time.Sleep(s.lasts)
	if f.end != nil {
		if err := f.end(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	ended := time.Now()
	if err := k.applied(ctx); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	r := result{name: f.name, events: k.till.written() - before, recovered: time.Since(ended)}
	if r.recovered > recoverWithin {
		r.faults = append(r.faults, fmt.Errorf("it took %.1f s from the fault's end until what was sent by then was applied", r.recovered.Seconds()))
	}
	if err := errors.Join(k.kafka.heal(), k.store.heal()); err != nil {
		return err
	}
	k.table.add(&r)
	say("%-42s right again after %.2f s", f.name, r.recovered.Seconds())
	return k.sample(ctx, "after: "+f.name)
}

// quiet waits until all is applied and the parts have come to rest.
func (k *soak) quiet(ctx context.Context) error {
	if err := k.applied(ctx); err != nil {
		return err
	}
	time.Sleep(5 * time.Second)
	return k.sample(ctx, "idle, after")
}

// right demands that each event was counted once, the ledger's too.
func (k *soak) right(ctx context.Context) error {
	for _, t := range []*truth{k.till.truth(), k.truth} {
		tally, err := t.compare(ctx, k.reader)
		if err := errors.Join(err, tally.err()); err != nil {
			return err
		}
	}
	say("each of %d events is counted once", k.till.written())
	return k.run(ctx, "verify")
}

// quarter returns the samples under load of a quarter, from 0 to 3.
func (k *soak) quarter(n int) []sample {
	load := slices.DeleteFunc(slices.Clone(k.samples), func(s sample) bool { return strings.HasPrefix(s.what, "idle") })
	return load[n*len(load)/4 : (n+1)*len(load)/4]
}

// flat demands that what lives in each part does not grow: neither under load, from
// the second quarter to the last, nor at rest, from before to after.
func (k *soak) flat() error {
	var errs []error
	first, last := k.samples[0], k.samples[len(k.samples)-1]
	for _, part := range partNames {
		if was, is := first.of[part].goroutines, last.of[part].goroutines; is > was+10 {
			errs = append(errs, fmt.Errorf("%s had %d goroutines at rest before and has %d afterwards", part, was, is))
		}
		early, late := middle(k.quarter(1), part), middle(k.quarter(3), part)
		if late.goroutines > early.goroutines*5/4+20 {
			errs = append(errs, fmt.Errorf("%s: the goroutines grow, from %d in the second quarter to %d in the last", part, early.goroutines, late.goroutines))
		}
		if late.resident > early.resident*5/4+16<<20 {
			errs = append(errs, fmt.Errorf("%s: the memory grows, from %d MiB in the second quarter to %d in the last", part, early.resident>>20, late.resident>>20))
		}
	}
	return errors.Join(errs...)
}
