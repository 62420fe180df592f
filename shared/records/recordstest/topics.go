package recordstest

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/records"
)

// RemoveTopics removes the topics of a cluster's names from a Kafka that tests share.
func RemoveTopics(ctx context.Context, c *records.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var names []string
	for _, name := range c.Topics().Map() {
		names = append(names, name)
	}
	r, err := c.Client().DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names})
	if err != nil {
		return err
	}
	var errs []error
	for _, err := range r.Errors {
		if err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
