package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"comptoir/local/runner"
	"comptoir/shared/event"
	"comptoir/shared/records"
	"comptoir/test/command"
	"comptoir/test/harness"
)

// patience bounds whatever must come to be by itself.
const patience = 3 * time.Minute

// shop is a shop on the servers: its data directory on a small disk, and its parts,
// each a process of its own.
type shop struct {
	*place
	disk     *disk
	noDisk   error // why there is none
	data     string
	home     string
	settings map[string]string // of the command
	looking  map[string]string // of who looks on
	reader   runner.Reader     // the store itself
	cluster  *records.Cluster
	truth    *truth
	parts    map[string]*command.Process
	profiles string // where each part writes what lives in it; "": nowhere
}

// newShop makes one, with all its parts running.
func (p *place) newShop(ctx context.Context, name string) (s *shop, err error) {
	dir := filepath.Join(p.dir, name)
	s = &shop{place: p, data: filepath.Join(dir, "disk", "data"), home: filepath.Join(dir, "home"), parts: map[string]*command.Process{}}
	for _, d := range []string{filepath.Join(dir, "disk"), s.home} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	s.disk, s.noDisk = newDisk(filepath.Join(dir, "disk"))
	s.settings, s.looking = p.onTheWay(), p.direct()
	for _, settings := range []map[string]string{s.settings, s.looking} {
		settings["REPLICATION_FACTOR"] = strconv.Itoa(brokers)
		settings["HEARTBEAT_INTERVAL"] = "1s"
		settings["BROKER_ADDR"], settings["QUERY_ADDR"] = "127.0.0.1:0", "127.0.0.1:0"
	}
	names(s.settings, s.looking)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.run(ctx, "migrate"); err != nil {
		return s, err
	}
	if s.reader, err = openReader(ctx, filepath.Join(dir, "looking"), s.looking); err != nil {
		return s, err
	}
	d, cfg, err := opened(filepath.Join(dir, "looking"), s.looking)
	if err != nil {
		return s, err
	}
	s.cluster, err = runner.Connect(d, cfg)
	return s, err
}

func (s *shop) ledgerPath() string { return filepath.Join(s.data, "ledger.db") }

// start starts the command.
func (s *shop) start(args ...string) (*command.Process, error) {
	return command.Start(s.binary, s.home, s.settings, append(args, "--data", s.data)...)
}

// run runs the command, which has to do what it is told.
func (s *shop) run(ctx context.Context, args ...string) error {
	_, err := s.ask(ctx, args...)
	return err
}

// ask runs the command and returns what it prints.
func (s *shop) ask(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p, err := s.start(args...)
	if err != nil {
		return "", err
	}
	defer p.Kill()
	code, err := p.Wait(ctx)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s: exit %d\n%s%s", p.Name, code, command.Tail(p.Out.String()), command.Tail(p.Err.String()))
	}
	return p.Out.String(), err
}

// begin starts a part.
func (s *shop) begin(part string) (err error) {
	args := []string{"run", part}
	if s.profiles != "" {
		args = append(args, "--pprof", filepath.Join(s.profiles, part))
	}
	s.parts[part], err = s.start(args...)
	return err
}

// kill ends a part by SIGKILL.
func (s *shop) kill(part string) error {
	p := s.parts[part]
	if !p.Running() {
		return fmt.Errorf("%s has ended by itself:\n%s", p.Name, command.Tail(p.Err.String()))
	}
	p.Kill()
	delete(s.parts, part)
	return nil
}

// stop ends a part as Ctrl+C does.
func (s *shop) stop(ctx context.Context, part string) error {
	p := s.parts[part]
	if err := p.Signal(os.Interrupt); err != nil {
		return err
	}
	code, err := p.Wait(ctx)
	delete(s.parts, part)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s: exit %d after Ctrl+C\n%s", p.Name, code, command.Tail(p.Err.String()))
	}
	return err
}

// running tells of a part that has ended by itself.
func (s *shop) running() error {
	for name, p := range s.parts {
		if !p.Running() {
			return fmt.Errorf("%s has ended by itself, which none may do (part %s):\n%s", p.Name, name, command.Tail(p.Err.String()))
		}
	}
	return nil
}

// queryURL waits until the query API serves, and returns where.
func (s *shop) queryURL(ctx context.Context) (url string, err error) {
	err = eventually(ctx, "the query API serves", func() (bool, error) {
		url = s.parts["query"].QueryURL()
		return url != "", s.running()
	})
	return url, err
}

// level waits until everything that is recorded now is applied.
func (s *shop) level(ctx context.Context) error {
	if err := s.truth.follow(ctx); err != nil {
		return err
	}
	heads, _ := s.truth.heads()
	return s.reached(ctx, heads)
}

// reached waits until everything up to the heads is applied. While the store cannot
// be asked it waits too.
func (s *shop) reached(ctx context.Context, heads map[string]int64) error {
	return eventually(ctx, "everything recorded is applied", func() (bool, error) {
		p, err := readProgress(ctx, s.reader)
		return err == nil && p.reached(heads), s.running()
	})
}

// appended counts the records that Kafka has of the ledger's streams.
func (s *shop) appended(ctx context.Context) (n int64, err error) {
	ask := map[string][]int32{}
	for _, topic := range event.LedgerTopics {
		for p := range s.truth.ledger.Partitions() {
			name := s.cluster.Topics().Name(topic)
			ask[name] = append(ask[name], int32(p))
		}
	}
	var all map[string]map[int32]records.Range
	err = s.onKafka(ctx, "Kafka tells its offsets", func() (err error) {
		all, err = s.cluster.AllOffsets(ctx, ask)
		return err
	})
	for _, partitions := range all {
		for _, held := range partitions {
			n += held.End
		}
	}
	return n, err
}

// onKafka asks until it is answered: our own connections have suffered too.
func (s *shop) onKafka(ctx context.Context, what string, f func() error) error {
	return eventually(ctx, what, func() (bool, error) {
		err := f()
		if err != nil {
			s.cluster.Reset()
		}
		return err == nil, s.running()
	})
}

func (s *shop) close() error {
	for _, p := range s.parts {
		p.Kill()
	}
	var errs []error
	if s.truth != nil {
		errs = append(errs, s.truth.close())
	}
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	if s.cluster != nil {
		s.cluster.Close()
	}
	if s.disk != nil {
		errs = append(errs, s.disk.close())
	}
	return errors.Join(append(errs, harness.Clear(s.looking))...)
}

// eventually asks until it is so; an error ends it at once.
func eventually(ctx context.Context, what string, f func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	for {
		ok, err := f()
		switch {
		case err != nil:
			return fmt.Errorf("waiting until %s: %w", what, err)
		case ok:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return fmt.Errorf("it never came to be that %s", what)
		}
		time.Sleep(25 * time.Millisecond)
	}
}

func topicOf(stream string) event.Topic {
	topic, _, _ := strings.Cut(stream, "/")
	return event.Topic(topic)
}

// partNames are the parts that run, in the order in which they are started.
var partNames = [...]string{"query", "relay", "functions"}

func (s *shop) beginAll() error {
	for _, part := range slices.Sorted(slices.Values(partNames[:])) {
		if err := s.begin(part); err != nil {
			return err
		}
	}
	return nil
}
