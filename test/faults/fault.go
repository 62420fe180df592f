package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
	"comptoir/shared/records"
	"comptoir/test/command"
	"comptoir/test/servers"
)

// fault is something that goes wrong while events flow.
type fault struct {
	name string
	// prepare is done before events flow; it may be nil.
	prepare func(context.Context, *strike) error
	// begin does it; the fault lasts for a while, drawn between the two times; end
	// ends it. What has to come right again is measured from the end on. end nil: it ends by itself.
	begin, end func(context.Context, *strike) error
	// bit tells afterwards whether it had an effect; nil: that shows otherwise.
	bit   func(*strike) error
	lasts [2]time.Duration
	// away: the query API cannot read the state meanwhile, and may say so.
	away bool
	// outside: all that is ours lives on, so it may happen in a soak.
	outside bool
	// whole: what is recorded meanwhile is one import.
	whole bool
}

// faults are all of them.
func faults() []fault {
	seconds := func(from, to float64) [2]time.Duration {
		return [2]time.Duration{time.Duration(from * float64(time.Second)), time.Duration(to * float64(time.Second))}
	}
	all := []fault{
		{name: "kill -9 of the functions", begin: killPart("functions"), end: beginPart("functions"), lasts: seconds(0, 2)},
		{name: "kill -9 of the relay", begin: killPart("relay"), end: beginPart("relay"), lasts: seconds(0, 2)},
		{name: "kill -9 of the import", begin: killImport, lasts: seconds(0, 0), whole: true},
		{name: "kill -9 of a broker", outside: true, begin: killBroker(false), end: serversUp, lasts: seconds(0, 3)},
		{name: "kill -9 of the controller", outside: true, begin: killBroker(true), end: serversUp, lasts: seconds(0, 3)},
		{name: "kill -9 of all brokers at once", outside: true, begin: killAllBrokers, end: serversUp, lasts: seconds(0, 2)},
		{name: "kill -9 of FerretDB", outside: true, begin: killStore(servers.Gateway), end: serversUp, lasts: seconds(0, 3), away: true},
		{name: "kill -9 of PostgreSQL", outside: true, begin: killStore(servers.Database), end: serversUp, lasts: seconds(0, 3), away: true},
		{name: "a full disk under the ledger", prepare: trimLog, begin: fillDisk, end: emptyDisk, lasts: seconds(2, 4), whole: true},
		{name: "partitions handed to and fro", begin: secondRunner, end: killSecondRunner, lasts: seconds(0.5, 2)},
		{name: "committed offsets moved back", begin: moveBack, end: beginPart("functions"), bit: broughtAgain, lasts: seconds(0, 1)},
		{name: "stopped while Kafka is silent", begin: stopInSilence, end: afterSilence, lasts: seconds(0, 0)},
	}
	for _, to := range []struct {
		name string
		away bool
		way  func(*place) *way
	}{
		{"Kafka", false, func(p *place) *way { return p.kafka }},
		{"the store", true, func(p *place) *way { return p.store }},
	} {
		all = append(
			all,
			fault{outside: true, name: "connections to " + to.name + " reset", begin: spoil(to.way, resets), end: heal(to.way), lasts: seconds(2, 4), away: to.away},
			fault{outside: true, name: "connections to " + to.name + " gone silent", begin: spoil(to.way, silence), lasts: seconds(2, 4), away: to.away},
			fault{outside: true, name: "the way to " + to.name + " slow", begin: spoil(to.way, slowness), lasts: seconds(3, 5), away: to.away},
			fault{outside: true, name: "replies of " + to.name + " cut in the middle", begin: spoil(to.way, cuts(downstream)), end: heal(to.way), lasts: seconds(2, 4), away: to.away},
			fault{outside: true, name: "requests to " + to.name + " cut in the middle", begin: spoil(to.way, cuts(upstream)), end: heal(to.way), lasts: seconds(2, 4), away: to.away},
		)
	}
	return all
}

func killPart(part string) func(context.Context, *strike) error {
	return func(_ context.Context, k *strike) error { return k.s.kill(part) }
}

func beginPart(part string) func(context.Context, *strike) error {
	return func(_ context.Context, k *strike) error { return k.s.begin(part) }
}

// killImport kills the import in the middle; the feed then runs the same again.
func killImport(ctx context.Context, k *strike) error {
	for {
		p := k.feed.now()
		if p == nil && k.feed.over() {
			return errors.New("the import was over before it was killed")
		}
		if p != nil && time.Since(p.Began) >= k.moment {
			p.Kill()
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(time.Millisecond)
	}
}

// killStore kills a process of the store while writes are under way to it. Most of the
// time a function reads, or waits; a way that is slow for a moment sees to it that the
// kill finds requests half sent, which were never done.
func killStore(pidFile string) func(context.Context, *strike) error {
	return func(_ context.Context, k *strike) error {
		until := time.Now().Add(time.Second + k.upTo(700*time.Millisecond))
		if err := k.s.store.spoil("slow", slow{until.Add(time.Second).UnixMilli(), 0, 40 + k.random.Int64N(100)}, upstream); err != nil {
			return err
		}
		time.Sleep(time.Until(until))
		return errors.Join(k.s.servers.Kill(pidFile), k.s.store.heal())
	}
}

func serversUp(ctx context.Context, k *strike) error { return k.s.servers.Up(ctx) }

// killBroker kills the broker that is the active controller, or one that is not.
func killBroker(controller bool) func(context.Context, *strike) error {
	return func(ctx context.Context, k *strike) error {
		active, err := k.s.controller(ctx)
		if err != nil {
			return err
		}
		victim := active
		if !controller {
			victim = (active+k.random.IntN(brokers-1))%brokers + 1
		}
		k.note("broker %d, with the controller at %d", victim, active)
		return k.s.servers.Kill(servers.Broker(victim))
	}
}

func killAllBrokers(_ context.Context, k *strike) error {
	for n := range brokers {
		if err := k.s.servers.Kill(servers.Broker(n + 1)); err != nil {
			return err
		}
	}
	return nil
}

// fillDisk leaves too little for the next entries.
func fillDisk(ctx context.Context, k *strike) error {
	if k.s.disk == nil {
		return impossibleError{k.s.noDisk}
	}
	k.feed.mayStop("disk is full")
	if err := k.s.disk.fill(int64(k.random.IntN(96 << 10))); err != nil {
		return err
	}
	return eventually(ctx, "an import is refused", func() (bool, error) {
		if k.feed.over() && k.feed.again() == 0 {
			return false, errors.New("it was over before the disk was full")
		}
		return k.feed.again() > 0, k.s.running()
	})
}

func emptyDisk(_ context.Context, k *strike) error {
	err := k.s.disk.resize(roomy)
	k.feed.goOn()
	return err
}

// secondRunner has another runner of the functions come, go as by Ctrl+C, and come again.
func secondRunner(ctx context.Context, k *strike) (err error) {
	dir := filepath.Join(k.s.dir, "second", "data")
	begin := func() (*command.Process, error) {
		return command.Start(k.s.binary, k.s.home, k.s.settings, "run", "functions", "--data", dir)
	}
	p, err := begin()
	if err != nil {
		return err
	}
	time.Sleep(time.Second + k.upTo(time.Second))
	if err := p.Signal(os.Interrupt); err != nil {
		return err
	}
	if code, err := p.Wait(ctx); err != nil || code != 0 {
		return fmt.Errorf("the second runner: exit %d after Ctrl+C: %w\n%s", code, err, command.Tail(p.Err.String()))
	}
	k.second, err = begin()
	return err
}

func killSecondRunner(_ context.Context, k *strike) error {
	if !k.second.Running() {
		return fmt.Errorf("the second runner has ended by itself:\n%s", command.Tail(k.second.Err.String()))
	}
	k.second.Kill()
	return nil
}

// moveBack has the groups' offsets be what they were long ago, as an old owner's
// late commit leaves them.
func moveBack(ctx context.Context, k *strike) error {
	time.Sleep(feeding / 2) // so that there are sales to be brought again
	if err := k.s.stop(ctx, "functions"); err != nil {
		return err
	}
	for _, function := range []string{"product-winners", "loss-risk", "client-promotions"} {
		topics := map[string][]kafka.OffsetCommit{}
		for _, topic := range event.LedgerTopics {
			for p := range k.s.truth.ledger.Partitions() {
				name := k.s.cluster.Topics().Name(topic)
				var held records.Range
				if err := k.s.onKafka(ctx, "Kafka tells its offsets", func() (err error) { held, err = k.s.cluster.Offsets(ctx, name, int32(p)); return err }); err != nil {
					return err
				}
				topics[name] = append(topics[name], kafka.OffsetCommit{Partition: p, Offset: int64(k.random.Float64() * float64(held.End))})
			}
		}
		// Until the group has noticed that its member is gone it takes none.
		err := k.s.onKafka(ctx, "the group takes the offsets", func() error {
			r, err := k.s.cluster.Client().OffsetCommit(ctx, &kafka.OffsetCommitRequest{GroupID: k.s.cluster.Group(function), GenerationID: -1, Topics: topics})
			if err != nil {
				return err
			}
			for _, partitions := range r.Topics {
				for _, p := range partitions {
					err = errors.Join(err, p.Error)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// broughtAgain demands that the functions have met events that they had applied.
func broughtAgain(k *strike) error {
	if n := strings.Count(k.s.parts["functions"].Err.String(), `"already_applied":`); n > 0 {
		k.note("%d batches had events that were applied already", n)
		return nil
	}
	return errors.New("the offsets were moved back, and nothing came again")
}

// stopInSilence tells the functions to stop while Kafka says nothing: they must end
// in bounded time all the same.
func stopInSilence(ctx context.Context, k *strike) error {
	if err := k.s.kafka.spoil("hole", hole{time.Now().Add(patience).UnixMilli()}, upstream, downstream); err != nil {
		return err
	}
	time.Sleep(500*time.Millisecond + k.upTo(time.Second))
	told := time.Now()
	if err := k.s.stop(ctx, "functions"); err != nil {
		return err
	}
	took := time.Since(told)
	k.note("the functions ended %.1f s after Ctrl+C", took.Seconds())
	if took > recoverWithin {
		return fmt.Errorf("the functions took %.1f s to end while Kafka was silent", took.Seconds())
	}
	return nil
}

func afterSilence(_ context.Context, k *strike) error {
	return errors.Join(k.s.kafka.heal(), k.s.begin("functions"))
}

// toxin spoils a way for a time that is known before.
type toxin func(w *way, k *strike) error

func spoil(to func(*place) *way, t toxin) func(context.Context, *strike) error {
	return func(_ context.Context, k *strike) error { return t(to(k.s.place), k) }
}

func heal(to func(*place) *way) func(context.Context, *strike) error {
	return func(_ context.Context, k *strike) error { return to(k.s.place).heal() }
}

func resets(w *way, _ *strike) error {
	return w.spoil("reset_peer", map[string]int{"timeout": 0}, downstream)
}

func silence(w *way, k *strike) error {
	return w.spoil("hole", hole{time.Now().Add(k.lasts).UnixMilli()}, upstream, downstream)
}

func slowness(w *way, k *strike) error {
	return w.spoil("slow", slow{time.Now().Add(k.lasts).UnixMilli(), 50 + k.random.Int64N(150), 50 + k.random.Int64N(200)}, upstream, downstream)
}

func cuts(stream string) toxin {
	return func(w *way, k *strike) error {
		return w.spoil("limit_data", map[string]int{"bytes": 200 + k.random.IntN(6000)}, stream)
	}
}
