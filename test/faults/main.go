// Command faults takes a real shop's year through faults of the real kind: Apache
// Kafka with three brokers and a server of MongoDB's protocol, processes that are
// killed, networks that fail, a disk that is full. After each it counts what was
// lost and what was counted twice, and how long it took until all was right again.
//
//	cd test/faults && go run . [-rounds N] [-all] [-only TEXT] [-seed N] [-out FILE] [-soak DURATION [-rate N]]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"

	"comptoir/test/command"
)

type options struct {
	rounds int
	all    bool
	only   string
	seed   uint64
	out    string
	soak   time.Duration
	rate   float64
	binary string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 1, "how often each fault strikes; each round begins with an empty shop; 0: never")
	flag.BoolVar(&o.all, "all", false, "the whole year goes through each round, not an eighth of its documents")
	flag.StringVar(&o.only, "only", "", "only faults whose name has this in it")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "what is drawn: moments, durations, victims, order")
	flag.StringVar(&o.out, "out", "", "also write the table to this file, in Markdown")
	flag.DurationVar(&o.soak, "soak", 0, "then send events for so long, with faults; 0: not at all")
	flag.Float64Var(&o.rate, "rate", 0, "of the soak, in events a second; 0: half of what is measured first")
	flag.StringVar(&o.binary, "command", "", "the built command; it is built where none is named")
	flag.Parse()
	if os.Getenv(insideVariable) == "" {
		if code, ok := inside(); ok {
			os.Exit(code)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, &o); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		if errors.Is(err, errNoServers) {
			os.Exit(77)
		}
		os.Exit(1)
	}
}

// errNoServers says that the servers could not be started. The exit code is 77 then.
var errNoServers = errors.New("there are no servers")

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "faults: "+format+"\n", args...) }

func run(ctx context.Context, o *options) (err error) {
	toxics.Register("hole", new(hole))
	toxics.Register("slow", new(slow))
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics have loggers of their own
	dir, err := os.MkdirTemp("", "comptoir-faults-")
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as nobody in it
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.binary == "" {
		o.binary = filepath.Join(dir, "comptoir")
		if err := command.Build(ctx, "../..", o.binary); err != nil {
			return err
		}
	}
	p, err := newPlace(ctx, dir, o.binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	say("seed %d", o.seed)
	out := io.Writer(os.Stdout)
	if o.out != "" {
		f, err := os.Create(o.out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = io.MultiWriter(os.Stdout, f)
	}
	random := rand.New(rand.NewPCG(o.seed, 0))
	if o.rounds > 0 {
		err = p.tours(ctx, o, random, out)
	}
	if o.soak > 0 && err == nil {
		err = p.soak(ctx, o, random, out)
	}
	return err
}
