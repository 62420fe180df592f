package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// fault is a kind of misbehaviour that a history may have.
type fault uint8

const (
	lostReplies  fault = iota // it happened, and nobody is told
	refusals                  // it did not happen, and the caller is told
	lateWrites                // the caller is told of a time-out; it happens afterwards
	slowReplies               // it happened, and the reply takes its time
	duplicates                // a batch is appended twice
	crashes                   // of relay, runners, reviewers and the ledger's process
	handovers                 // partitions get a new owner while the old one works on
	staleCommits              // the old owner's commits count
	clockSteps                // clocks jump, forwards and backwards
	badRecords                // of other producers: unreadable, invalid, of other books
	bugs                      // a function's rules fail on some events until they are mended
	newRules                  // thresholds change while old processes are running
	faultEnd
)

var faultNames = [faultEnd]string{
	"lost-replies", "refusals", "late-writes", "slow-replies", "duplicates", "crashes", "handovers",
	"stale-commits", "clock-steps", "bad-records", "bugs", "new-rules",
}

// act is what a step does.
type act uint8

const (
	actEntry     act = iota // the accountant records something
	actForeign              // another producer publishes something
	actWait                 // nothing but what is under way
	actDays                 // days pass
	actClock                // a clock steps
	actReview               // a review tick of one function
	actCrash                // a process is killed and started again
	actHandover             // a function's partitions get a new owner
	actRules                // thresholds change
	actRepublish            // a range of the event log is published again
	actRedrive              // the dead letters so far are published again
	actRollback             // an entry is rolled back
	actEnd

	// actRebuild builds the state anew; it is not drawn among the others.
	actRebuild = actEnd
)

var actNames = [actEnd + 1]string{"entry", "foreign", "wait", "days", "clock", "review", "crash", "handover", "rules", "republish", "redrive", "rollback", "rebuild"}

// weights say how often a step is drawn. Where its fault is off it does nothing.
var weights = [actEnd]int{actEntry: 50, actForeign: 28, actWait: 6, actDays: 6, actClock: 5, actReview: 5, actCrash: 9, actHandover: 6, actRules: 1, actRepublish: 2, actRedrive: 2, actRollback: 2}

// step is one thing that happens. What it does is drawn from its own seed, so
// that it stays the same where other steps are left out.
type step struct {
	number int
	act    act
	seed   uint64
}

// plan is a history before it is played.
type plan struct {
	seed   uint64
	faults [faultEnd]bool
	// rebuilds: the state is built anew once or more.
	rebuilds bool
	steps    []step
}

// draw makes the plan of a seed: the same one each time.
func draw(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := plan{seed: seed}
	calm := r.IntN(12) == 0 // some histories go well: the simulation must hold then, too
	for f := range p.faults {
		p.faults[f] = r.IntN(3) > 0 && !calm
	}
	total := 0
	for _, w := range weights {
		total += w
	}
	for n := 12 + r.IntN(36); n > 0; n-- {
		at, chosen := r.IntN(total), actEntry
		for a, w := range weights {
			if at < w {
				chosen = act(a)
				break
			}
			at -= w
		}
		p.steps = append(p.steps, step{number: len(p.steps), act: chosen, seed: r.Uint64()})
	}
	p.drawRebuilds()
	return p
}

// drawRebuilds puts rebuilds between the steps of every third history. What they
// are is drawn apart, so that the other histories are what they were before there
// were any.
func (p *plan) drawRebuilds() {
	r := rand.New(rand.NewPCG(p.seed, 10))
	if p.rebuilds = r.IntN(3) == 0; !p.rebuilds {
		return
	}
	for n, most := len(p.steps), 1+r.IntN(4); most > 0; most-- {
		at := n/4 + r.IntN(len(p.steps)+1-n/4)
		p.steps = slices.Insert(p.steps, at, step{number: len(p.steps), act: actRebuild, seed: r.Uint64()})
	}
}

// keep leaves only the steps with these numbers, and the faults with these names.
func (p *plan) keep(numbers, names string) error {
	if numbers != "" {
		var wanted []int
		for s := range strings.SplitSeq(numbers, ",") {
			n, err := strconv.Atoi(s)
			if err != nil {
				return fmt.Errorf("reading SIMULATE_STEPS: %w", err)
			}
			wanted = append(wanted, n)
		}
		p.steps = slices.DeleteFunc(p.steps, func(s step) bool { return !slices.Contains(wanted, s.number) })
	}
	if names != "" {
		wanted := strings.Split(names, ",")
		for f := range p.faults {
			p.faults[f] = p.faults[f] && slices.Contains(wanted, faultNames[f])
		}
	}
	return nil
}

// command is how the plan is played again.
func (p *plan) command() string {
	var numbers, names []string
	for _, s := range p.steps {
		numbers = append(numbers, strconv.Itoa(s.number))
	}
	for f, on := range p.faults {
		if on {
			names = append(names, faultNames[f])
		}
	}
	if len(names) == 0 {
		names = []string{"none"}
	}
	if len(numbers) == 0 {
		numbers = []string{"-1"}
	}
	return fmt.Sprintf("SIMULATE_SEED=%d SIMULATE_STEPS=%s SIMULATE_FAULTS=%s go test ./test/simulation -run TestHistories -v",
		p.seed, strings.Join(numbers, ","), strings.Join(names, ","))
}

// String lists the steps.
func (p *plan) String() string {
	var all []string
	for _, s := range p.steps {
		all = append(all, fmt.Sprintf("%d:%s", s.number, actNames[s.act]))
	}
	return strings.Join(all, " ")
}
