package records

import (
	"bytes"
	"io"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
)

// messageReader gives messages to kafka-go one by one, without allocating for
// each: kafka-go has written a record before it asks for the next.
type messageReader struct {
	messages   []event.Message
	next       int
	record     kafka.Record
	key, value bytesOf
}

func (r *messageReader) ReadRecord() (*kafka.Record, error) {
	if r.next == len(r.messages) {
		return nil, io.EOF
	}
	m := &r.messages[r.next]
	r.next++
	r.record = kafka.Record{Headers: r.record.Headers[:0]}
	if m.Key != nil {
		r.key.Reset(m.Key)
		r.record.Key = &r.key
	}
	if m.Value != nil {
		r.value.Reset(m.Value)
		r.record.Value = &r.value
	}
	for _, h := range m.Headers {
		r.record.Headers = append(r.record.Headers, kafka.Header(h))
	}
	return &r.record, nil
}

// bytesOf is a kafka.Bytes over a slice.
type bytesOf struct{ bytes.Reader }

func (*bytesOf) Close() error { return nil }
