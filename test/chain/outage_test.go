package chain

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"comptoir/test/harness"
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

func upTo(random *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(random.Int64N(int64(most)))
}

// On Kafka and MongoDB, relay and functions are two processes. While the year is
// imported the relay is killed (SIGKILL) five times, and then the broker; the functions
// five times while they catch up from nothing; then five times what the state is kept
// in, in the middle of another catching up, and the broker once more, and nobody
// restarts the functions. Not an event is lost or counted twice.
func TestKilledOnServers(t *testing.T) {
	settings := plain.of(t)
	b, random := take(t, whole), seeded(t)
	s := on(t, settings, map[string]string{"BATCH_MAX_RECORDS": "20000"}) // more writes to be killed in
	s.must("migrate")
	s.killedWhileImporting(b, random)
	s.catchUp().cost("the rest applied")
	s.says(b)
	all := s.applied()

	s.anew("second")
	s.killedWhileCatchingUp(all, random)
	s.catchUp().cost("the rest applied from nothing")
	s.says(b)

	s.anew("third")
	s.storeKilledWhileCatchingUp(all, random)
	s.says(b)
}

// Of three brokers each is killed once. What is imported meanwhile is published
// and applied by way of the other two, and nothing is restarted but the broker.
func TestABrokerOfThreeFails(t *testing.T) {
	settings := three.of(t)
	b := take(t, part)
	s := on(t, settings, map[string]string{"REPLICATION_FACTOR": "3"})
	s.must("migrate")
	run := s.start("run")
	for i, file := range []string{b.files.Products, b.files.Stock, b.files.Sales} {
		three.kill(t, "kafka/"+strconv.Itoa(i+1)+"/pid")
		killed := time.Now()
		s.must("import", file, "--stock-date", "2011-12-09")
		recorded, before := s.progress()
		s.eventually("all that is recorded is published", func() bool {
			_, published := s.progress()
			return published == recorded
		}, run)
		t.Logf("broker %d was killed: %d events published without it, within %.1f s", i+1, recorded-before, time.Since(killed).Seconds())
		three.again(t)
	}
	run.signal(os.Interrupt)
	run.exits(0)
	s.catchUp().cost("the rest applied")
	s.says(b)
}

func (s *shop) killedWhileImporting(b *books, random *rand.Rand) {
	s.Helper()
	load := append(b.load(), "--stock-date", "2011-12-09")
	relay, functions := s.start("run", "relay"), s.start("run", "functions")
	loader := s.start(load...)
	all := moments(random, 6, b.documents())
	for i, moment := range all {
		s.eventually("the import comes to "+strconv.Itoa(moment)+" documents", func() bool {
			return s.recorded() >= moment
		}, relay, functions, loader)
		time.Sleep(upTo(random, 200*time.Millisecond))
		victim := "relay"
		if i < len(all)-1 {
			relay.kill()
		} else {
			victim = "broker"
			plain.kill(s, "kafka/1/pid")
		}
		recorded, published := s.progress()
		s.Logf("killed the %s: %d events recorded, %d noted as published", victim, recorded, published)
		if i < len(all)-1 {
			relay = s.start("run", "relay")
		}
	}
	plain.again(s)
	loader.exits(0).cost("the import")
	for _, p := range []*process{relay, functions} {
		p.signal(os.Interrupt)
		p.exits(0)
	}
}

func (s *shop) killedWhileCatchingUp(all int, random *rand.Rand) {
	s.Helper()
	for _, moment := range moments(random, 5, all) {
		p := s.start("run", "functions")
		s.eventually(strconv.Itoa(moment)+" events are applied", func() bool { return s.applied() >= moment }, p)
		time.Sleep(upTo(random, 100*time.Millisecond))
		p.kill()
		s.Logf("killed the functions with %d of %d applied", s.applied(), all)
	}
}

func (s *shop) storeKilledWhileCatchingUp(all int, random *rand.Rand) {
	s.Helper()
	const front, database, broker = "mongodb/ferretdb.pid", "mongodb/data/postmaster.pid", "kafka/1/pid"
	victims := [][]string{{front}, {database}, {front, database}, {database}, {front}, {broker}}
	random.Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
	p := s.start("run", "functions")
	for i, moment := range moments(random, len(victims), all) {
		s.eventually(strconv.Itoa(moment)+" events are applied", func() bool { return s.applied() >= moment }, p)
		time.Sleep(upTo(random, 100*time.Millisecond))
		for _, pidFile := range victims[i] {
			plain.kill(s, pidFile)
		}
		time.Sleep(upTo(random, 3*time.Second))
		if !p.running() {
			s.Fatalf("the functions ended without %v:\n%s", victims[i], tail(p.err.String()))
		}
		plain.again(s)
		s.Logf("killed %v with %d or more of %d applied", victims[i], moment, all)
	}
	s.eventually("all events are applied", func() bool { return s.applied() == all }, p)
	p.signal(os.Interrupt)
	p.exits(0)
	p.cost("the year applied with its servers killed")
}

// anew gives the shop an empty state, by the name of it, on the same topics.
func (s *shop) anew(name string) {
	s.Helper()
	s.settings = maps.Clone(s.settings)
	s.settings["MONGODB_DATABASE"] += "-" + name
	s.settings["KAFKA_GROUP_PREFIX"] += name + "."
	settings := s.settings
	s.Cleanup(func() { must(s, harness.DropDatabase(settings)) })
	s.must("migrate")
}

// applied sums the numbers of the last event applied, over the streams of each
// analytic; -1 while the state cannot be read.
func (s *shop) applied() (n int) {
	s.Helper()
	p := s.do("status", "--format", "json")
	if p.cmd.ProcessState.ExitCode() != 0 {
		return -1
	}
	var status struct {
		State struct {
			Functions []struct {
				Name    string `json:"name"`
				Streams []struct {
					Sequence int `json:"sequence"`
				} `json:"streams"`
			} `json:"functions"`
		} `json:"state"`
	}
	must(s, json.Unmarshal([]byte(p.out.String()), &status))
	for _, f := range status.State.Functions {
		for _, stream := range f.Streams {
			if f.Name != "freshness" { // its heartbeats are no part of the year
				n += stream.Sequence
			}
		}
	}
	return n
}
