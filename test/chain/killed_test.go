package chain

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// seeded returns a source of random moments. CHAIN_SEED repeats those of a run
// that failed, as far as they are not the scheduler's.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("CHAIN_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("CHAIN_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// moments are n of a whole, ascending, between its twentieth and nine tenths of it.
func moments(random *rand.Rand, n, whole int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = whole * (5 + random.IntN(85)) / 100
	}
	slices.Sort(all)
	return all
}

// The year is imported beside a run, and both are killed (SIGKILL) five times
// at random moments in the middle, in turns and together. Not an event is lost or
// counted twice. test/faults does the same on servers.
func TestEmbeddedKilled(t *testing.T) {
	embedded(t)
	b, calm := loadedYear(t)
	random := seeded(t)
	const first, second, both = "run", "import", "run and import"
	// One of each at least, and all in the middle of the year.
	victims := []string{first, second, both, []string{first, second, both}[random.IntN(3)], both}
	random.Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
	s := newShop(t)
	load := append(b.load(), "--stock-date", "2011-12-09")
	run, loader := s.start("run"), s.start(load...)
	for i, moment := range moments(random, len(victims), b.documents()) {
		victim := victims[i]
		s.eventually("the import comes to "+strconv.Itoa(moment)+" documents", func() bool {
			return s.recorded() >= moment
		}, run, loader)
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
		if victim != second {
			must(t, run.Cmd.Process.Kill())
		}
		if victim != first {
			must(t, loader.Cmd.Process.Kill())
		}
		if victim != second {
			run.wait()
		}
		if victim != first {
			loader.wait()
		}
		recorded, published := s.progress()
		t.Logf("killed %s with %d documents, %d events recorded and %d noted as published", victim, s.recorded(), recorded, published)
		if victim != second {
			run = s.start("run")
		}
		if victim != first {
			loader = s.start(load...)
		}
	}
	loader.exits(0).cost("the last import")
	run.kill()
	recorded, published := s.progress()
	t.Logf("killed run at the end: %d events recorded, %d noted as published", recorded, published)
	s.catchUp().cost("the rest applied")
	s.says(b)
	s.sameLedger(filepath.Join(calm.dir, "ledger.db"))
}

// progress is how many events the ledger has, and how many it knows to be published.
func (s *shop) progress() (recorded, published int) {
	s.Helper()
	db := s.open("ledger.db", "ro")
	defer db.Close()
	must(s, db.QueryRow("SELECT sum(last_sequence), sum(published) FROM streams").Scan(&recorded, &published))
	return recorded, published
}
