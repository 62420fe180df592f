package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// controller asks which broker is the active controller. What Kafka's metadata call
// the controller is any broker, since KRaft; the quorum's leader is the one, and
// kafka-go cannot ask for it.
func (p *place) controller(ctx context.Context) (int, error) {
	var seeds []string
	for _, proxy := range p.kafka.proxies {
		seeds = append(seeds, proxy.Listen)
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(seeds...))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	req := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	req.Topics = append(req.Topics, topic)
	r, err := req.RequestWith(ctx, c)
	if err != nil {
		return 0, fmt.Errorf("asking for the active controller: %w", err)
	}
	if len(r.Topics) != 1 || len(r.Topics[0].Partitions) != 1 || r.Topics[0].Partitions[0].LeaderID < 1 {
		return 0, fmt.Errorf("asking for the active controller: the answer names none: %+v", r)
	}
	return int(r.Topics[0].Partitions[0].LeaderID), nil
}
