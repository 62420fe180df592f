package lambdatrigger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"comptoir/shared/event"
)

// payload is what the event source mapping of a Kafka sends: the records of some
// partitions by "topic-partition". It is read here and not by events.KafkaEvent of
// aws-lambda-go, which refuses header bytes from 128 on where they are not written as
// negative numbers, and takes what is no Kafka event for an empty one.
// https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
type payload struct {
	EventSource string              `json:"eventSource"`
	Records     map[string][]record `json:"records"`
}

// sources are the names that Lambda gives to a Kafka: MSK, and the two spellings
// of one that is run by oneself.
var sources = []string{"aws:kafka", "SelfManagedKafka", "aws:SelfManagedKafka"}

type record struct {
	Topic     string                   `json:"topic"`
	Partition int32                    `json:"partition"`
	Offset    int64                    `json:"offset"`
	Key       *string                  `json:"key"`
	Value     *string                  `json:"value"`
	Headers   []map[string]headerBytes `json:"headers"`
}

// headerBytes are the bytes of a header's value, in JSON a list of numbers. They
// are Java's, so one from 128 on comes as a negative number; it is taken as it is too.
type headerBytes []byte

// UnmarshalJSON reads a list of numbers from -128 to 255, or null.
func (h *headerBytes) UnmarshalJSON(b []byte) error {
	*h = nil
	if string(b) == "null" {
		return nil
	}
	if len(b) < 2 || b[0] != '[' {
		return errors.New("the value of a header is not a list of bytes")
	}
	bytes := make([]byte, 0, len(b)/3+1)
	n, digits, negative := 0, 0, false
	for _, c := range b[1:] {
		switch {
		case c >= '0' && c <= '9' && digits < 3:
			n, digits = n*10+int(c-'0'), digits+1
		case c == '-' && digits == 0 && !negative:
			negative = true
		case c == ',' || c == ']':
			if digits == 0 && c == ']' && len(bytes) == 0 && !negative {
				break // an empty list
			}
			if negative {
				n = -n
			}
			if digits == 0 || n < -128 || n > 255 {
				return errors.New("the value of a header has what is no byte")
			}
			bytes = append(bytes, byte(n))
			n, digits, negative = 0, 0, false
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		default:
			return errors.New("the value of a header has what is no byte")
		}
	}
	*h = bytes
	return nil
}

// partition is what a payload has of one partition, in the order of the offsets.
type partition struct {
	name    string // as Lambda writes it, such as sales-0
	records []placed
}

type placed struct {
	topic     string
	partition int32
	offset    int64
	message   event.Message
}

// read takes a payload apart. An error means that it cannot be trusted: nothing of
// it may be claimed.
func read(b []byte) ([]partition, error) {
	var p payload
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("reading the payload as a Kafka event: %w", err)
	}
	if !slices.Contains(sources, p.EventSource) {
		return nil, fmt.Errorf("the payload is no Kafka event: its eventSource is %q; expected one of %s", p.EventSource, strings.Join(sources, ", "))
	}
	if p.Records == nil {
		return nil, errors.New("the payload is no Kafka event: it has no records")
	}
	parts := make([]partition, 0, len(p.Records))
	for name, records := range p.Records {
		part := partition{name: name, records: make([]placed, 0, len(records))}
		for i := range records {
			at, err := records[i].place(name)
			if err != nil {
				return nil, fmt.Errorf("reading the record %d of %s, offset %d: %w", i, name, records[i].Offset, err)
			}
			part.records = append(part.records, at)
		}
		slices.SortStableFunc(part.records, func(a, b placed) int { return int(max(-1, min(1, a.offset-b.offset))) })
		if len(part.records) > 0 {
			parts = append(parts, part)
		}
	}
	slices.SortFunc(parts, func(a, b partition) int { return strings.Compare(a.name, b.name) })
	return parts, nil
}

func (r *record) place(name string) (placed, error) {
	if r.Topic == "" || r.Offset < 0 || fmt.Sprintf("%s-%d", r.Topic, r.Partition) != name {
		return placed{}, fmt.Errorf("it says that it is of %q, partition %d", r.Topic, r.Partition)
	}
	p := placed{topic: r.Topic, partition: r.Partition, offset: r.Offset}
	var err error
	if p.message.Key, err = decode(r.Key); err != nil {
		return placed{}, fmt.Errorf("its key: %w", err)
	}
	if p.message.Value, err = decode(r.Value); err != nil {
		return placed{}, fmt.Errorf("its value: %w", err)
	}
	p.message.Headers = make([]event.Header, 0, len(r.Headers))
	for _, h := range r.Headers {
		first := len(p.message.Headers)
		for key, value := range h {
			p.message.Headers = append(p.message.Headers, event.Header{Key: key, Value: value})
		}
		slices.SortFunc(p.message.Headers[first:], func(a, b event.Header) int { return strings.Compare(a.Key, b.Key) })
	}
	return p, nil
}

// decode reads base64. Null and empty are one and the same here: Lambda writes
// both as "".
func decode(s *string) ([]byte, error) {
	if s == nil || *s == "" {
		return nil, nil
	}
	return base64.StdEncoding.DecodeString(*s)
}
