package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// measure measures the functions at one place.
func (b *bench) measure(p *place) error {
	t := &table{
		title: "The functions on the " + p.name + ": a full topic of sales into an empty state",
		head:  []string{"", "events", "seconds", "events/s", "CPU-s per million", "peak memory"},
	}
	if p.embed {
		t.note = "The process holds functions, broker and state. "
	} else {
		t.note = "The process holds the functions; Kafka and the store run on the same cores. "
	}
	t.note += "All functions run, each reading what it needs; times are those of the whole process, from its start to its end, the median of the runs. Every run's figures were checked."
	var year *topic
	for _, years := range []int{1, 4} {
		topic, err := b.newTopic(p, fmt.Sprintf("%dx", years))
		if err != nil {
			return err
		}
		if err := b.fill(topic, years); err != nil {
			return err
		}
		took, err := b.catchUp(t, topic, years)
		if err != nil {
			return err
		}
		if years == 1 {
			year = topic
			if err := errors.Join(b.killed(t, topic, took), b.baselines(t, topic)); err != nil {
				return err
			}
			continue
		}
		if err := b.remove(topic); err != nil {
			return err
		}
	}
	b.report.add(t)
	return b.remove(year)
}

// catchUp runs the functions from an empty state to the end of the topic.
func (b *bench) catchUp(t *table, topic *topic, years int) (time.Duration, error) {
	var all []cost
	for n := range b.repeat() {
		topic.fresh()
		say("catching up with %s events, %d of %d", grouped(topic.events), n+1, b.repeat())
		c, err := b.command(topic.dir, topic.list(), append([]string{"run", "--until-caught-up"}, topic.place.parts...)...).run()
		if err != nil {
			return 0, err
		}
		if err := b.right(topic); err != nil {
			return 0, err
		}
		all = append(all, c)
	}
	name := "**Comptoir**"
	if years > 1 {
		name += fmt.Sprintf(", %d × the year", years)
	}
	m := median(all)
	t.row(name, topic.events, m)
	return m.wall, nil
}

func (t *table) row(name string, events int64, c cost) {
	t.add(name, grouped(events), fmt.Sprintf("%.2f", c.wall.Seconds()), grouped(int64(float64(events)/c.wall.Seconds())),
		fmt.Sprintf("%.1f", c.cpu.Seconds()/float64(events)*1e6), mib(c.peak))
}

// right compares the state with what it must say, and drops it.
func (b *bench) right(topic *topic) error {
	r, err := topic.reader(b.ctx)
	if err != nil {
		return err
	}
	return errors.Join(topic.want.check(b.ctx, r), r.Close(), b.dropState(topic))
}

// killed kills the functions in the middle, twice, and lets a third run end. took
// is how long an undisturbed one takes.
func (b *bench) killed(t *table, topic *topic, took time.Duration) error {
	topic.fresh()
	begun := time.Now()
	for _, after := range []time.Duration{took * 2 / 5, took * 2 / 5} {
		p := b.command(topic.dir, topic.list(), append([]string{"run"}, topic.place.parts...)...)
		if err := p.start(); err != nil {
			return err
		}
		time.Sleep(after)
		if err := p.cmd.Process.Kill(); err != nil {
			return err
		}
		if _, err := p.wait(); err == nil {
			return errors.New("the functions ended before they were killed")
		}
	}
	c, err := b.command(topic.dir, topic.list(), append([]string{"run", "--until-caught-up"}, topic.place.parts...)...).run()
	if err != nil {
		return err
	}
	if err := b.right(topic); err != nil {
		return fmt.Errorf("killed in the middle: %w", err)
	}
	say("killed twice and brought to its end in %.1f s: exact", time.Since(begun).Seconds())
	t.add("killed (-9) twice in the middle, then", grouped(topic.events), fmt.Sprintf("%.2f", c.wall.Seconds()), "exact", "", mib(c.peak))
	return nil
}

// baselines measures, on the same topic, what reading alone costs, and workers
// as one would write them by hand.
func (b *bench) baselines(t *table, topic *topic) error {
	c, stop, err := b.connect(topic)
	if err != nil {
		return err
	}
	name := salesName(c)
	env := []string{"BENCH_TOPIC=" + name, "BENCH_KAFKA=" + strings.Join(c.Bootstrap(), ","), fmt.Sprintf("BENCH_EVENTS=%d", topic.events)}
	for _, base := range []struct{ role, name string }{
		{roleRead, "limit: reading and decoding only, as Comptoir does"},
		{roleReadKafkaGo, "limit: reading only, with kafka-go"},
		{roleDecodeKafkaGo, "limit: the same, encoding/json and a fold in memory"},
	} {
		say("baseline: %s", base.name)
		var all []cost
		for range b.repeat() {
			c, err := b.self(base.role, env...).run()
			if err != nil {
				return errors.Join(err, stop())
			}
			all = append(all, c)
		}
		t.row(base.name, topic.events, median(all))
	}
	const few = 2000
	say("baseline: one by one")
	topic.fresh()
	one := append(env, "BENCH_LIMIT="+strconv.Itoa(few), "BENCH_DIR="+topic.dir, "BENCH_MONGODB="+topic.env["MONGODB_URI"], "BENCH_DATABASE="+topic.env["MONGODB_DATABASE"])
	cost, err := b.self(roleOneByOne, one...).run()
	if err != nil {
		return errors.Join(err, stop())
	}
	t.row("by hand: one message, one `$inc`, one commit", few, cost)
	return errors.Join(stop(), b.dropState(topic))
}

// dropState removes a state that was looked at.
func (b *bench) dropState(topic *topic) error {
	if topic.place.embed {
		topic.fresh()
		return nil
	}
	return dropDatabase(b.ctx, topic.env["MONGODB_URI"], topic.env["MONGODB_DATABASE"])
}

// remove removes a topic with all that belongs to it.
func (b *bench) remove(topic *topic) error {
	if !topic.place.embed {
		c, stop, err := b.connect(topic)
		if err != nil {
			return err
		}
		if err := removeTopics(b.ctx, c); err != nil {
			return errors.Join(err, stop())
		}
		if err := stop(); err != nil {
			return err
		}
	}
	return os.RemoveAll(topic.dir)
}
