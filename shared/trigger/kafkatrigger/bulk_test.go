package kafkatrigger_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"comptoir/shared/projection"
	"comptoir/shared/trigger/kafkatrigger"
)

// bulks begins a bulk that brings what it is given to the test's handler; nil
// where the handler gets batches.
var bulks func(kafkatrigger.Handler) kafkatrigger.Bulk

// gathered hands all parts over at once, and gives up as told.
type gathered struct {
	h        kafkatrigger.Handler
	all      []projection.Delivery
	giveUp   bool
	finished *atomic.Int64
}

func (g *gathered) Add(_ context.Context, part []projection.Delivery) error {
	for _, d := range part {
		if d.Poison != nil || g.giveUp {
			return errors.New("not in bulk")
		}
	}
	g.all = append(g.all, slices.Clone(part)...)
	return nil
}

func (g *gathered) Full() bool { return len(g.all) >= 10_000 }

func (g *gathered) Commit(ctx context.Context) (projection.Outcome, projection.Report) {
	outcome, report := g.h.Handle(ctx, g.all)
	if !outcome.Done() {
		return projection.Outcome{Retry: []projection.Position{projection.Position(g.all[0].Origin)}, Err: outcome.Err}, report
	}
	g.finished.Add(1)
	return outcome, report
}

// What holds for batches holds for bulks, whether they come to their end or give
// up every other time.
func TestInBulk(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"a restart":        TestARestartGoesOnWhereItStopped,
		"a broker":         TestABrokerThatGoesAndComesBack,
		"dead connections": TestConnectionsThatGoDead,
		"tried again":      TestWhatIsToBeTriedAgainIsBroughtAgainFromThere,
		"damaged answers":  TestADamagedAnswerIsReadAgain,
		"poison":           TestPoisonComesWithItsRecord,
		"the beginning":    TestWhereAPartitionBegins,
		"stopping":         TestStoppingFinishesTheBatchInHand,
		"two members":      TestTwoMembersShareThePartitions,
	} {
		for _, giveUp := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", giving up"}[giveUp], func(t *testing.T) {
				var begun, finished atomic.Int64
				bulks = func(h kafkatrigger.Handler) kafkatrigger.Bulk {
					return &gathered{h: h, giveUp: begun.Add(1)%2 == 0 && giveUp, finished: &finished}
				}
				defer func() { bulks = nil }()
				test(t)
				t.Logf("%d bulks were begun, %d finished", begun.Load(), finished.Load())
			})
		}
	}
}
