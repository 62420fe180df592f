package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/records"
	"comptoir/shared/trigger/lambdatrigger/lambdatest"
	"comptoir/test/serverless/runtimeapi"
)

// serverless measures the bootstrap for Lambda, unmodified but for the place of its
// state, behind a Runtime API on the loopback interface.
func (b *bench) serverless(p *place) error {
	t := &table{
		title: "The bootstrap for Lambda on the " + p.name,
		head:  []string{"", "median", "p99", "max", "samples", ""},
		note: fmt.Sprintf("Cold start: from the process's start until the answer to an invocation with one record, whose document the state does not have. "+
			"Warm: one process, payloads of %d records on %d partitions about %d products as MSK sends them, from the invocation until the answer. "+
			"On the embedded it is a build that keeps its state in a file; that has no network in it.", lambdaBatch, lambdaPartitions, products),
	}
	binary, err := b.bootstrap(p)
	if err != nil {
		return err
	}
	deployed, err := b.bootstrap(nil)
	if err != nil {
		return err
	}
	info, err := os.Stat(deployed)
	if err != nil {
		return err
	}
	runs, batches := 10, 100
	if b.short {
		runs, batches = 3, 20
	}
	say("cold starts and warm batches of the bootstrap on the %s", p.name)
	var cold []time.Duration
	for range runs {
		took, err := b.coldBootstrap(p, binary)
		if err != nil {
			return err
		}
		cold = append(cold, took)
	}
	warm, peak, err := b.warmBootstrap(p, binary, batches)
	if err != nil {
		return err
	}
	t.spread("cold start → first answer", cold, "")
	t.spread(fmt.Sprintf("warm batch of %d", lambdaBatch), warm, "")
	t.note += fmt.Sprintf(" Peak memory after %d batches: %d MiB. The bootstrap as it is deployed has %.1f MB.", batches, peak>>20, float64(info.Size())/1e6)
	b.report.add(t)
	return nil
}

const (
	lambdaBatch      = 1000
	lambdaPartitions = 8
)

// bootstrap builds the program: for a place, or as it is deployed.
func (b *bench) bootstrap(p *place) (string, error) {
	name, tags := "bootstrap", "lambda.norpc"
	if p != nil && p.embed {
		name, tags = "bootstrap-embedded", tags+",embeddedstate"
	}
	binary := filepath.Join(b.dir, name)
	build := exec.CommandContext(b.ctx, "go", "build", "-trimpath", "-tags", tags, "-ldflags", "-s -w", "-o", binary, "comptoir/functions/cmd/lambda") //nolint:gosec // our own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the bootstrap: %w\n%s", err, text)
	}
	return binary, nil
}

// lambdaEnv gives a bootstrap a state of its own, empty. drop removes it.
func (b *bench) lambdaEnv(p *place) (env []string, drop func() error, err error) {
	t := &topic{place: p, env: map[string]string{}}
	env = []string{"FUNCTION=product-winners", "CURRENCY=GBP", "BUSINESS_DATE=2011-12-09", "LOG_LEVEL=warn", "LOG_FORMAT=json"}
	if p.embed {
		dir, err := b.folder("lambda")
		if err != nil {
			return nil, nil, err
		}
		// The settings want servers; this build asks neither.
		env = append(env, "STATE_FILE="+dir, "MONGODB_URI=mongodb://127.0.0.1:9/", "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9")
		return env, func() error { return nil }, nil
	}
	for k, v := range p.env {
		t.env[k] = v
	}
	t.fresh()
	env = append(env, t.list()...)
	return env, func() error { return dropDatabase(b.ctx, t.env["MONGODB_URI"], t.env["MONGODB_DATABASE"]) }, nil
}

const lambdaTimeout = 30 * time.Second

func (b *bench) coldBootstrap(p *place, binary string) (took time.Duration, err error) {
	env, drop, err := b.lambdaEnv(p)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	payload := newLoad().payload(1)
	began := time.Now()
	f, err := runtimeapi.Start(binary, env, os.Stderr)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	err = answered(f, payload)
	return time.Since(began), err
}

func (b *bench) warmBootstrap(p *place, binary string, batches int) (all []time.Duration, peak int64, err error) {
	env, drop, err := b.lambdaEnv(p)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	f, err := runtimeapi.Start(binary, env, io.Discard)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	l := newLoad()
	if err := answered(f, l.payload(lambdaBatch)); err != nil {
		return nil, 0, err
	}
	for range batches {
		payload := l.payload(lambdaBatch)
		began := time.Now()
		if err := answered(f, payload); err != nil {
			return nil, 0, err
		}
		all = append(all, time.Since(began))
	}
	return all, f.Peak(), nil
}

// answered invokes; anything but an answer that all is done is an error.
func answered(f *runtimeapi.Function, payload []byte) error {
	answer, err := f.Invoke(payload, lambdaTimeout, nil)
	if err == nil && string(answer) != `{"batchItemFailures":[]}` {
		err = fmt.Errorf("the bootstrap answered %s", answer)
	}
	return err
}

// load makes payloads of sales.
type load struct {
	run       string
	revisions map[string]int64
	offsets   [lambdaPartitions]int64
}

func newLoad() *load { return &load{run: newRun(), revisions: map[string]int64{}} }

func (l *load) payload(n int) []byte {
	batch := map[string][]records.Record{}
	for range n {
		product := fmt.Sprintf("P%07d", rand.IntN(products))
		l.revisions[product]++
		p := event.Partition(product, lambdaPartitions)
		name := fmt.Sprintf("sales-%d", p)
		batch[name] = append(batch[name], records.Record{Offset: l.offsets[p], Message: saleOf(product, l.run, l.revisions[product])})
		l.offsets[p]++
	}
	return lambdatest.Payload(batch)
}
