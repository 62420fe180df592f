// Package kafkatrigger brings events from Kafka to one function on the shop's
// own machine: a member of the function's consumer group that hands over batches
// which grow with the lag.
package kafkatrigger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
)

// Handler takes batches; *projection.Engine is one. It is called from several
// goroutines, with batches of one partition or several, and for a partition with one
// batch at a time, in the order of the offsets. What it says is done is committed;
// what it says is to be tried again is brought again, and nothing after it before.
// The batch and what is in it are the trigger's again once Handle returns.
type Handler interface {
	Handle(ctx context.Context, batch []projection.Delivery) (projection.Outcome, projection.Report)
}

// Checkpoints tell how far the state is; *projection.Engine is one. ok is false
// where the state has nothing of the partition. topic is the name on Kafka.
type Checkpoints interface {
	Offset(ctx context.Context, topic string, partition int32) (offset int64, ok bool, err error)
}

// Config says what a consumer works with. Function, Topics, Cluster and Handler
// are required.
type Config struct {
	// Function is the function's name; the group is comptoir.<function>.
	Function string
	// Topics are the logical topics to read.
	Topics []event.Topic
	// Uses tells whether the function takes events of a type; the data of others
	// is not decoded. nil: it takes all.
	Uses func(event.Type) bool
	// Cluster is for this consumer alone: it drops its connections when they are stuck.
	Cluster     *records.Cluster
	Handler     Handler
	Checkpoints Checkpoints // nil: the committed offsets alone count
	// Bulk begins a bulk for a partition that is behind; nil: the Handler gets all.
	Bulk func() Bulk
	Log  *slog.Logger

	// BatchMaxRecords is the most that a batch holds, give or take an answer of the
	// broker: 500,000 where it is 0. Without Bulk it bounds memory.
	BatchMaxRecords int
	// BatchMaxTime is for how long a batch is gathered while there is more: 1 s
	// where it is 0.
	BatchMaxTime time.Duration
	// BehindBy is from which lag on a partition is behind, and is brought up in large
	// batches or bulks: 2,000 records where it is 0.
	BehindBy int64
	// Slots bounds the large batches in memory, together with all consumers that
	// have the same; nil: two of its own.
	Slots *Slots

	// SessionTimeout is after how long the group gives up a member that is not heard
	// of: 6 s where it is 0, which is the least that Kafka takes unless told otherwise.
	SessionTimeout time.Duration
	// DrainTimeout is for the batch in hand when the consumer is told to stop, or
	// loses its partitions: 20 s where it is 0.
	DrainTimeout time.Duration
	// StuckAfter is how long nothing but failures, or nothing at all, may come of
	// Kafka before connections and membership are made anew: 30 s where it is 0.
	StuckAfter time.Duration
	// Quiet is how long nothing comes before a line says so, once: 10 s where it is 0.
	Quiet time.Duration
}

func (c *Config) complete() error {
	if c.Function == "" || len(c.Topics) == 0 || c.Cluster == nil || c.Handler == nil {
		return errors.New("making a consumer: function, topics, cluster and handler are required")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Slots == nil {
		c.Slots = NewSlots(1)
	}
	if c.BatchMaxRecords <= 0 {
		c.BatchMaxRecords = 500_000
	}
	if c.BehindBy <= 0 {
		c.BehindBy = 2000
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.BatchMaxTime, time.Second},
		{&c.SessionTimeout, 6 * time.Second},
		{&c.DrainTimeout, 20 * time.Second},
		{&c.StuckAfter, 30 * time.Second},
		{&c.Quiet, 10 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return nil
}

// Consumer is one function's member of its group.
type Consumer struct {
	c       Config
	group   string
	topics  []string // names on Kafka
	fetcher fetcher
	log     *slog.Logger
	lines   *lines
	trouble trouble

	mu      sync.Mutex
	phase   Phase
	serving *generation // nil while there is none
}

// fetcher reads record batches; *records.Cluster is one.
type fetcher interface {
	Fetch(ctx context.Context, r records.FetchRequest, buf []byte) (records.Fetched, []byte, error)
}

// New returns a consumer. It does nothing before Run.
func New(c Config) (*Consumer, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	log := c.Log.With("function", c.Function)
	k := &Consumer{c: c, group: c.Cluster.Group(c.Function), fetcher: c.Cluster, log: log, lines: newLines(log, c.Quiet, c.Cluster.Topics().Name(event.Heartbeats)), phase: Joining}
	k.trouble.log = log
	for _, t := range c.Topics {
		k.topics = append(k.topics, c.Cluster.Topics().Name(t))
	}
	return k, nil
}

// ErrLogTooShort says that a partition ends before what the state has already
// applied of it: the topic was made anew.
var ErrLogTooShort = errors.New("the log ends before what the state has applied")

// errStuck ends a membership that came to a standstill; a new one is begun.
var errStuck = errors.New("nothing comes from Kafka any more")

// errRewind ends a membership whose places are those of an epoch of the state that
// is no longer live.
var errRewind = errors.New("the state has a new epoch")

// Run consumes until ctx ends, which is no error: the batch in hand is finished
// and committed, and the group left, all in bounded time. While Kafka cannot be
// reached it tries again for ever. An error is one that needs a person; it wraps
// ErrLogTooShort or records.ErrTopic.
func (k *Consumer) Run(ctx context.Context) error {
	defer k.setPhase(Stopped)
	if err := k.topicsExist(ctx); err != nil {
		return err
	}
	for attempt := 1; ctx.Err() == nil; attempt++ {
		began := time.Now()
		err := k.member(ctx)
		switch {
		case ctx.Err() != nil:
		case needsPerson(err):
			return err
		case errors.Is(err, errRewind):
			k.log.Info("the state has a new epoch: beginning where that is")
			pause(ctx, 1, time.Second)
		default:
			k.trouble.met(err)
			k.c.Cluster.Reset()
			if time.Since(began) > time.Minute {
				attempt = 1
			}
			pause(ctx, attempt, 5*time.Second)
		}
	}
	k.lines.flush()
	k.log.Info("stopped")
	return nil
}

func needsPerson(err error) bool {
	return errors.Is(err, ErrLogTooShort) || errors.Is(err, records.ErrTopic)
}

// topicsExist waits until Kafka can be asked, and refuses what is not there.
func (k *Consumer) topicsExist(ctx context.Context) error {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		err := func() error {
			for i, name := range k.topics {
				n, err := k.c.Cluster.Partitions(ctx, name)
				if err != nil {
					return err
				}
				if n == 0 {
					return fmt.Errorf("%w: %s reads the topic %s (%s), which does not exist on Kafka; run `comptoir migrate`", records.ErrTopic, k.c.Function, name, k.c.Topics[i])
				}
			}
			return nil
		}()
		if err == nil || errors.Is(err, records.ErrTopic) {
			return err
		}
		if ctx.Err() == nil && attempt > 3 {
			k.trouble.met(err)
		}
		k.c.Cluster.Reset()
		pause(ctx, attempt, 2*time.Second)
	}
	return nil
}

// member is one membership of the group. It ends with ctx, with an error that
// needs a person, or with one that a new membership may cure.
func (k *Consumer) member(ctx context.Context) error {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: k.group, Brokers: k.c.Cluster.Bootstrap(), Dialer: k.c.Cluster.Dialer(), Topics: k.topics,
		GroupBalancers:        []kafka.GroupBalancer{kafka.RangeGroupBalancer{}},
		HeartbeatInterval:     k.c.SessionTimeout / 5,
		SessionTimeout:        k.c.SessionTimeout,
		Timeout:               k.c.SessionTimeout / 2,
		RebalanceTimeout:      k.c.DrainTimeout + 5*time.Second,
		JoinGroupBackoff:      200 * time.Millisecond, // the default is 5 s, also before a new cluster's coordinator is up
		WatchPartitionChanges: true,
		StartOffset:           kafka.FirstOffset,
	})
	if err != nil {
		return fmt.Errorf("joining the group %s: %w", k.group, err)
	}
	defer k.leave(group)
	for {
		k.setPhase(Joining)
		gen, err := k.next(ctx, group)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errStuck):
			return err
		case err != nil:
			// It joins again by itself, after JoinGroupBackoff. "Group Coordinator Not
			// Available" is what a new cluster answers at first.
			if !errors.Is(err, kafka.GroupCoordinatorNotAvailable) && !errors.Is(err, kafka.RebalanceInProgress) {
				k.trouble.met(fmt.Errorf("joining the group %s: %w", k.group, err))
			}
			continue
		}
		if err := k.serve(ctx, gen); err != nil {
			return err
		}
	}
}

// next is group.Next with an end: it has been seen to hang after a broker's restart.
func (k *Consumer) next(ctx context.Context, group *kafka.ConsumerGroup) (*kafka.Generation, error) {
	patient, cancel := context.WithTimeout(ctx, k.c.StuckAfter+k.c.DrainTimeout+k.c.SessionTimeout)
	defer cancel()
	gen, err := group.Next(patient)
	if err != nil && ctx.Err() == nil && patient.Err() != nil {
		return nil, fmt.Errorf("joining the group %s: %w", k.group, errStuck)
	}
	return gen, err
}

// leaveTimeout bounds leaving the group, which has been seen to hang.
const leaveTimeout = 5 * time.Second

func (k *Consumer) leave(group *kafka.ConsumerGroup) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = group.Close() // it is always nil
	}()
	select {
	case <-done:
	case <-time.After(leaveTimeout):
		k.log.Warn("the group could not be left in time; Kafka will notice that by itself", "group", k.group)
	}
}
