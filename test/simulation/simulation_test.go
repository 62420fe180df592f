package simulation

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // histories are short and make much garbage
	goleak.VerifyTestMain(m)
}

// TestHistories plays histories: SIMULATE_SEEDS of them (from SIMULATE_FROM on), or the
// one of SIMULATE_SEED. The seeds that once failed come first.
func TestHistories(t *testing.T) {
	m := imageFor(t)
	if text := os.Getenv("SIMULATE_SEED"); text != "" {
		one(t, m, number(t, "SIMULATE_SEED", 0))
		return
	}
	seeds := kept(t)
	from := number(t, "SIMULATE_FROM", 1)
	for i := range number(t, "SIMULATE_SEEDS", usual) {
		seeds = append(seeds, from+i)
	}
	var (
		next   atomic.Int64
		failed atomic.Bool
		mu     sync.Mutex
		counts = map[string]int{}
	)
	began := time.Now()
	t.Run("seeds", func(t *testing.T) {
		for w := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(w), func(t *testing.T) {
				t.Parallel()
				for !failed.Load() {
					i := int(next.Add(1)) - 1
					if i >= len(seeds) {
						return
					}
					o := playOne(t, draw(seeds[i]), m, w, false)
					mu.Lock()
					for what, n := range o.counts {
						counts[what] += n
					}
					mu.Unlock()
					if o.failure != "" && failed.CompareAndSwap(false, true) {
						report(t, draw(seeds[i]), o, m, w)
					}
				}
			})
		}
	})
	took := time.Since(began)
	played := min(int(next.Load()), len(seeds))
	t.Logf("%d histories in %v, %.0f a minute", played, took.Round(time.Millisecond), float64(played)/took.Minutes())
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%10d  %s", counts[what], what)
	}
}

// one plays the history of one seed, as SIMULATE_STEPS and SIMULATE_FAULTS leave it.
func one(t *testing.T, m *image, seed uint64) {
	t.Helper()
	p := draw(seed)
	if err := p.keep(os.Getenv("SIMULATE_STEPS"), os.Getenv("SIMULATE_FAULTS")); err != nil {
		t.Fatal(err)
	}
	o := playOne(t, p, m, 0, true)
	for _, line := range o.lines {
		t.Log(line)
	}
	t.Logf("steps %s; styles %s; trace %s", &p, o.styles, o.trace)
	if o.failure != "" {
		t.Errorf("seed %d: %s", seed, o.failure)
	}
}

// playOne plays a plan in a bubble of its own.
func playOne(t *testing.T, p plan, m *image, worker int, loud bool) (o outcome) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { o = play(p, m, strconv.Itoa(worker), loud) })
	return o
}

// report says what failed, and the shortest history found that fails too.
func report(t *testing.T, p plan, o outcome, m *image, worker int) {
	t.Helper()
	t.Errorf("seed %d: %s", p.seed, o.failure)
	if os.Getenv("SIMULATE_SHRINK") == "0" {
		return
	}
	short, tried := shrink(p, func(p plan) bool { return playOne(t, p, m, worker, false).failure != "" })
	o = playOne(t, short, m, worker, false)
	t.Errorf("after %d attempts to shorten it (%s): %s\nplay it again: %s", tried, &short, o.failure, short.command())
}

// attempts bounds the histories that are played to shorten one.
const attempts = 400

// shrink leaves out steps, many at once and then few, and faults, while the history
// still fails.
func shrink(p plan, fails func(plan) bool) (plan, int) {
	tried := 0
	try := func(q plan) bool {
		if tried >= attempts {
			return false
		}
		tried++
		if !fails(q) {
			return false
		}
		p = q
		return true
	}
	for size := max(1, len(p.steps)/2); ; size /= 2 {
		for from := 0; from < len(p.steps); {
			q := p
			q.steps = slices.Concat(p.steps[:from], p.steps[min(from+size, len(p.steps)):])
			if !try(q) {
				from += size
			}
		}
		if size <= 1 {
			break
		}
	}
	for f := range p.faults {
		if q := p; q.faults[f] {
			q.faults[f] = false
			try(q)
		}
	}
	return p, tried
}

// TestTheSameSeedIsTheSameHistory: byte for byte, whatever else the machine does.
func TestTheSameSeedIsTheSameHistory(t *testing.T) {
	m := imageFor(t)
	const seeds = 12
	var traces [2][seeds]string
	t.Run("runs", func(t *testing.T) {
		for run := range traces {
			t.Run(strconv.Itoa(run), func(t *testing.T) {
				t.Parallel()
				for seed := range traces[run] {
					traces[run][seed] = playOne(t, draw(uint64(seed)), m, run, false).trace
				}
			})
		}
	})
	different := map[string]bool{}
	for seed := range seeds {
		if traces[0][seed] != traces[1][seed] {
			t.Errorf("seed %d: two runs differ", seed)
		}
		different[traces[0][seed]] = true
	}
	if len(different) != seeds {
		t.Errorf("%d seeds gave %d histories", seeds, len(different))
	}
}

// TestShrink: what is left is what it takes.
func TestShrink(t *testing.T) {
	p := draw(5)
	p.steps = append(p.steps, p.steps...)
	for i := range p.steps {
		p.steps[i].number = i
	}
	p.faults = [faultEnd]bool{crashes: true, bugs: true}
	fails := func(q plan) bool {
		has := func(n int) bool { return slices.ContainsFunc(q.steps, func(s step) bool { return s.number == n }) }
		return has(3) && has(11) && q.faults[bugs]
	}
	short, tried := shrink(p, fails)
	if got := len(short.steps); got != 2 || short.faults[crashes] || !short.faults[bugs] || !fails(short) || tried > attempts {
		t.Errorf("%d steps and the faults %v are left after %d attempts", got, short.faults, tried)
	}
	again := draw(5)
	if err := again.keep("3,11", "bugs"); err != nil || len(again.steps) != 2 {
		t.Errorf("%v is left, %v", again.steps, err)
	}
}

// imageFor makes the empty ledgers, in memory where the system has such a place.
func imageFor(t *testing.T) *image {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "comptoir-simulation-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m, err := newImage(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s is not a number", name, text)
	}
	return n
}

// kept reads the seeds that once failed.
func kept(t *testing.T) (seeds []uint64) {
	t.Helper()
	f, err := os.Open("testdata/seeds.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), " ")
		if text == "" || text[0] == '#' {
			continue
		}
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(fmt.Errorf("testdata/seeds.txt: %w", err))
		}
		seeds = append(seeds, seed)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return seeds
}
