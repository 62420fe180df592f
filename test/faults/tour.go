package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"comptoir/test/year"
)

// chunks is into how many imports the entries of a strike are divided.
const chunks = 6

// tour is a round: an empty shop, and the year's documents recorded bit by bit while
// every fault strikes once.
type tour struct {
	*shop
	watch   *watch
	books   year.Files
	figures *year.Figures
	strikes []string // files of sales, chunks for each strike
}

// tours makes every round, and prints the table.
func (p *place) tours(ctx context.Context, o *options, random *rand.Rand, out io.Writer) error {
	var chosen []fault
	for _, f := range faults() {
		if strings.Contains(f.name, o.only) {
			chosen = append(chosen, f)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("there is no fault with %q in its name", o.only)
	}
	every := 8
	if o.all {
		every = 1
	}
	t := newTable(chosen)
	var failed error
	for round := range o.rounds {
		say("round %d of %d", round+1, o.rounds)
		if err := p.round(ctx, fmt.Sprintf("round-%d", round+1), chosen, every, random, t); err != nil {
			failed = errors.Join(failed, fmt.Errorf("round %d: %w", round+1, err))
			break
		}
	}
	title := fmt.Sprintf("%d rounds, the year with %s of its documents, seed %d", o.rounds, map[int]string{1: "all", 8: "an eighth"}[every], o.seed)
	return errors.Join(failed, t.err(), t.print(out, title))
}

func (p *place) round(ctx context.Context, name string, chosen []fault, every int, random *rand.Rand, t *table) (err error) {
	began := time.Now()
	u, err := p.newTour(ctx, name, len(chosen), every)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); u.watch.run(watching) }()
	defer func() { stop(); <-watched }()
	for i, n := range random.Perm(len(chosen)) {
		f := &chosen[n]
		k := &strike{fault: f, s: u.shop, w: u.watch, random: random, files: u.strikes[i*chunks : (i+1)*chunks]}
		if f.whole {
			if k.files, err = joined(filepath.Join(p.dir, name), k.files); err != nil {
				return err
			}
		}
		struck := time.Now()
		r, err := k.run(ctx)
		if skip, ok := errors.AsType[impossibleError](err); ok {
			t.skip(f.name, skip)
			say("SKIPPED: %s: %v", f.name, skip)
			if err := k.feed.wait(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", f.name, err, u.logs())
		}
		t.add(&r)
		say("%-42s %6d events, right again after %5.2f s, %3d records twice on Kafka, %3d answers (%d behind), %4.1f s in all%s",
			f.name, r.events, r.recovered.Seconds(), r.twice, r.answers, r.behind, time.Since(struck).Seconds(), notes(k.notes))
		for _, fault := range r.faults {
			say("WRONG: %s: %v", f.name, fault)
		}
		if len(r.faults) > 0 {
			say("%s", u.logs())
		}
	}
	stop()
	<-watched
	if err := u.right(ctx); err != nil {
		return err
	}
	say("every figure of the round is right; %.0f s", time.Since(began).Seconds())
	return nil
}

func notes(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}

// newTour prepares a shop: the catalogue and the stock are recorded and published
// before any function has run, so groups begin with what came before them.
func (p *place) newTour(ctx context.Context, name string, strikes, every int) (u *tour, err error) {
	demo, err := filepath.Abs("../../local/demo")
	if err != nil {
		return nil, err
	}
	u = &tour{books: year.In(demo)}
	dir := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return nil, err
	}
	if every > 1 {
		files, err := year.Split(u.books.Sales, dir, every, 1)
		if err != nil {
			return nil, err
		}
		// Split again below, from the whole table: the same documents.
		u.strikes, u.books.Sales = nil, files[0]
	}
	if u.figures, err = year.Expected(u.books); err != nil {
		return nil, err
	}
	if u.strikes, err = year.Split(year.In(demo).Sales, filepath.Join(dir, "files"), every, strikes*chunks); err != nil {
		return nil, err
	}
	if u.shop, err = p.newShop(ctx, name); err != nil {
		return nil, err
	}
	if err := u.open(ctx); err != nil {
		return nil, errors.Join(err, u.close())
	}
	return u, nil
}

func (u *tour) open(ctx context.Context) (err error) {
	if err := u.run(ctx, "import", "--profile", "online-retail", u.books.Products, u.books.Stock, "--stock-date", "2011-12-09"); err != nil {
		return err
	}
	if u.truth, err = openTruth(ctx, u.ledgerPath()); err != nil {
		return err
	}
	if err := u.beginAll(); err != nil {
		return err
	}
	u.watch = &watch{s: u.shop}
	if u.watch.url, err = u.queryURL(ctx); err != nil {
		return err
	}
	return u.level(ctx)
}

// joined makes one file of several tables.
func joined(dir string, files []string) ([]string, error) {
	var all []byte
	for i, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			_, after, _ := strings.Cut(string(content), "\n")
			content = []byte(after)
		}
		all = append(all, content...)
	}
	name := filepath.Join(dir, "joined.csv")
	return []string{name}, os.WriteFile(name, all, 0o600)
}

// right demands every figure of the year, and that verify finds them too.
func (u *tour) right(ctx context.Context) error {
	for _, e := range year.Exports {
		out, err := u.ask(ctx, "export", e[0], "--window", e[1], "--all", "--format", "json")
		if err != nil {
			return err
		}
		found, err := year.Compare(u.figures, e[0], e[1], []byte(out))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return fmt.Errorf("%d figures of %s are wrong at the end of the round; the first: %s", len(found), e[0], found[0])
		}
	}
	return u.run(ctx, "verify", "--strict")
}

// logs are the ends of what the parts have logged, without what is said of each
// question and batch.
func (s *shop) logs() string {
	var b strings.Builder
	for name, p := range s.parts {
		var lines []string
		for line := range strings.Lines(p.Err.String()) {
			if !strings.Contains(line, `"level":"INFO"`) {
				lines = append(lines, line)
			}
		}
		fmt.Fprintf(&b, "the log of %s:\n%s", name, strings.Join(lines[max(0, len(lines)-12):], ""))
	}
	return b.String()
}
