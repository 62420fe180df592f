package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"comptoir/local/datadir"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/records"
)

// place is where the functions are measured: on their embedded defaults, or on
// real servers.
type place struct {
	name  string
	embed bool
	parts []string // what `comptoir run` runs to have the functions there
	env   map[string]string
}

// prefix begins the variables that name servers for the tests.
const prefix = "COMPTOIR_TEST_"

func (b *bench) places() []*place {
	all := []*place{{name: "embedded", embed: true, parts: []string{"functions", "broker"}}}
	servers := &place{name: "servers", parts: []string{"functions"}, env: map[string]string{}}
	for _, s := range config.Settings() {
		if v := os.Getenv(prefix + s.Name); v != "" && (strings.HasPrefix(s.Name, "KAFKA_") || strings.HasPrefix(s.Name, "MONGODB_")) {
			servers.env[s.Name] = v
		}
	}
	if servers.env["KAFKA_BOOTSTRAP_SERVERS"] == "" || servers.env["MONGODB_URI"] == "" {
		say("no real servers are named (%sKAFKA_BOOTSTRAP_SERVERS, %sMONGODB_URI): embedded alone", prefix, prefix)
		return all
	}
	return append(all, servers)
}

// topic is a Kafka with events on it: a data directory whose broker has them, or
// topics of their own on a real one.
type topic struct {
	place  *place
	dir    string // of the embedded broker
	env    map[string]string
	events int64 // on sales
	want   *expected
}

// newTopic makes the topics, still empty.
func (b *bench) newTopic(p *place, name string) (*topic, error) {
	dir, err := b.folder(name)
	if err != nil {
		return nil, err
	}
	t := &topic{place: p, dir: dir, env: maps.Clone(p.env)}
	if p.embed {
		return t, nil
	}
	id := fmt.Sprintf("bench-%s-%d", name, time.Now().UnixNano())
	for _, of := range []string{"SALES", "INVENTORY", "CLIENTS", "HEARTBEATS", "DEAD_LETTERS"} {
		t.env["TOPIC_"+of] = id + "." + strings.ToLower(of)
	}
	t.fresh()
	_, err = b.command(t.dir, t.list(), "migrate").run()
	return t, err
}

// fresh gives the next run of functions an empty state and groups of its own.
func (t *topic) fresh() {
	if t.place.embed {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(filepath.Join(t.dir, "state.db"+suffix)) // need not be there
		}
		return
	}
	id := fmt.Sprintf("bench-%d", time.Now().UnixNano())
	t.env["MONGODB_DATABASE"], t.env["KAFKA_GROUP_PREFIX"] = id, id+"."
}

func (t *topic) list() []string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(t.env)) {
		list = append(list, k+"="+t.env[k])
	}
	return list
}

// connect opens the Kafka of a topic. An embedded one needs a running broker,
// which is started where there is none; stop ends it.
func (b *bench) connect(t *topic) (c *records.Cluster, stop func() error, err error) {
	end := func() error { return nil }
	if t.place.embed {
		p := b.command(t.dir, t.list(), "run", "broker")
		if err := p.start(); err != nil {
			return nil, nil, err
		}
		end = func() error { _, err := p.end(); return err }
	}
	var faults error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var dir *datadir.Dir
		var cfg *config.Config
		if dir, cfg, faults = t.open(); faults != nil {
			continue
		}
		if c, faults = runner.Connect(dir, cfg); faults != nil {
			continue
		}
		if _, faults = c.Migrate(b.ctx, runner.Layout(cfg, nil)); faults == nil {
			return c, func() error { c.Close(); return end() }, nil
		}
		c.Close()
	}
	return nil, nil, errors.Join(fmt.Errorf("reaching the %s Kafka: %w", t.place.name, faults), end())
}

func (t *topic) open() (*datadir.Dir, *config.Config, error) {
	dir, err := datadir.Open(t.dir, true)
	if err != nil {
		return nil, nil, err
	}
	env := maps.Clone(t.env)
	if env == nil {
		env = map[string]string{}
	}
	env["CURRENCY"], env["BUSINESS_DATE"] = "GBP", "2011-12-09"
	cfg, err := config.Load(config.Map("the bench", env))
	return dir, cfg, err
}

// reader opens the state that the functions write.
func (t *topic) reader(ctx context.Context) (runner.Reader, error) {
	dir, cfg, err := t.open()
	if err != nil {
		return nil, err
	}
	return runner.OpenReader(ctx, dir, cfg)
}

// salesName is the topic's name on Kafka.
func salesName(c *records.Cluster) string { return c.Topics().Name(event.Sales) }
