package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
)

// Layout says how topics are made.
type Layout struct {
	// Partitions is the number of partitions of sales, inventory and clients:
	// that of the ledger. Heartbeats and dead letters have one.
	Partitions int
	// Replication is the number of copies; 0 leaves it to the cluster.
	Replication int
}

// Migrate makes the topics that are missing and returns their names on Kafka.
// Topics that exist are left as they are; one with too few partitions is an
// error. It can be run again at any time.
func (c *Cluster) Migrate(ctx context.Context, l Layout) (created []string, err error) {
	if l.Partitions < 1 {
		return nil, errors.New("making topics: the number of partitions must be 1 or more")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	counts, err := c.partitions(ctx)
	if err != nil {
		return nil, err
	}
	replication := l.Replication
	if replication == 0 {
		replication = -1
	}
	var wanted []kafka.TopicConfig
	for _, topic := range allTopics {
		name := c.config.Topics.Name(topic)
		if n, ok := counts[name]; ok {
			if err := enough(topic, name, n, l.needs(topic)); err != nil {
				return nil, err
			}
			continue
		}
		wanted = append(wanted, kafka.TopicConfig{
			Topic: name, NumPartitions: l.needs(topic), ReplicationFactor: replication, ConfigEntries: settings(topic),
		})
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	r, err := c.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: wanted})
	if err != nil {
		return nil, fmt.Errorf("making topics: %w", c.unreachable(err))
	}
	for _, t := range wanted {
		switch err := r.Errors[t.Topic]; {
		case err == nil:
			created = append(created, t.Topic)
		case errors.Is(err, kafka.TopicAlreadyExists): // someone else made it just now
		default:
			return created, fmt.Errorf("making the topic %s with %d partitions and %d copies (-1: as the cluster has it): %w", t.Topic, t.NumPartitions, t.ReplicationFactor, err)
		}
	}
	// A new topic shows in the metadata of all brokers a moment later, and its
	// leaders take records again a moment after that.
	for {
		err := c.Check(ctx, l)
		if err == nil {
			err = c.led(ctx, wanted)
		}
		if err == nil || ctx.Err() != nil {
			return created, err
		}
		select {
		case <-ctx.Done():
			return created, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// led asks the leader of each partition of topics: one that is not in office yet
// refuses to tell offsets as it refuses records.
func (c *Cluster) led(ctx context.Context, topics []kafka.TopicConfig) error {
	ask := map[string][]int32{}
	for i := range topics {
		for p := range topics[i].NumPartitions {
			ask[topics[i].Topic] = append(ask[topics[i].Topic], int32(p))
		}
	}
	_, err := c.AllOffsets(ctx, ask)
	return err
}

func (l Layout) needs(topic event.Topic) int {
	if topic == event.Heartbeats || topic == event.DeadLetters {
		return 1
	}
	return l.Partitions
}

// settings are the topic's settings. Events and dead letters are kept for ever:
// a document can always be made anew from them. Of heartbeats the last counts.
func settings(topic event.Topic) []kafka.ConfigEntry {
	if topic == event.Heartbeats {
		return []kafka.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: "compact"}}
	}
	return []kafka.ConfigEntry{
		{ConfigName: "cleanup.policy", ConfigValue: "delete"},
		{ConfigName: "retention.ms", ConfigValue: "-1"},
		{ConfigName: "retention.bytes", ConfigValue: "-1"},
	}
}

// ErrTopic says that a topic is missing or has too few partitions.
var ErrTopic = errors.New("the topics do not fit the ledger")

// Check tells whether all topics are there with enough partitions. An error
// that wraps ErrTopic says which is not; any other, that Kafka could not be asked.
func (c *Cluster) Check(ctx context.Context, l Layout) error {
	counts, err := c.partitions(ctx)
	if err != nil {
		return err
	}
	for _, topic := range allTopics {
		name := c.config.Topics.Name(topic)
		if err := enough(topic, name, counts[name], l.needs(topic)); err != nil {
			return err
		}
	}
	return nil
}

func enough(topic event.Topic, name string, has, needs int) error {
	switch {
	case has >= needs:
		return nil
	case has == 0:
		return fmt.Errorf("%w: the topic %s (%s) does not exist on Kafka; run `comptoir migrate`", ErrTopic, name, topic)
	}
	return fmt.Errorf("%w: the topic %s (%s) has %d partitions and the ledger spreads its keys over %d; add partitions to it, or name another topic with TOPIC_%s", ErrTopic, name, topic, has, needs, envName(topic))
}

func envName(topic event.Topic) string {
	switch topic {
	case event.Sales:
		return "SALES"
	case event.Inventory:
		return "INVENTORY"
	case event.Clients:
		return "CLIENTS"
	case event.Heartbeats:
		return "HEARTBEATS"
	default:
		return "DEAD_LETTERS"
	}
}

// Partitions returns the number of partitions of a topic by its name on Kafka,
// 0 where there is none.
func (c *Cluster) Partitions(ctx context.Context, topic string) (int, error) {
	counts, err := c.partitions(ctx)
	return counts[topic], err
}

func (c *Cluster) partitions(ctx context.Context) (map[string]int, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	c.Reset() // what was learnt before may be out of date by seconds
	r, err := c.client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, c.unreachable(err)
	}
	counts := make(map[string]int, len(r.Topics))
	for _, t := range r.Topics {
		if t.Error == nil {
			counts[t.Name] = len(t.Partitions)
		}
	}
	return counts, nil
}

// ID returns the cluster's own id. An embedded log that was made anew has another.
func (c *Cluster) ID(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	r, err := c.client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return "", c.unreachable(err)
	}
	return r.ClusterID, nil
}
