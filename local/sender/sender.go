// Package sender publishes events that are written down as JSON lines, as
// another producer than the relay would.
package sender

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/records"
)

// Options say what is sent where. All but Rate are required.
type Options struct {
	// In has one CloudEvent a line, in the JSON format of CloudEvents 1.0. Name
	// is what messages call it.
	In   io.Reader
	Name string
	// Cluster is the Kafka, Partitions over how many partitions the topics'
	// keys are spread.
	Cluster    *records.Cluster
	Partitions int
	// Rate is the most events a second; 0 is as fast as it goes.
	Rate float64
}

const (
	// maxLine bounds a line in bytes: what a record may be.
	maxLine = records.MaxBatchBytes
	// maxBatch bounds the records that wait for a partition.
	maxBatch = 500
	// attempts is how often a batch is sent that was not acknowledged.
	attempts = 5
)

// place is a partition.
type place struct {
	topic     string
	partition int32
}

type sender struct {
	Options
	decoder *event.Decoder
	waiting map[place]*batch
	count   int // lines that wait
	sent    int64
	began   time.Time
}

type batch struct {
	messages []event.Message
	size     int
}

// Send publishes every line and returns how many were acknowledged. A line that
// is no event of ours ends it; the lines before are sent. Lines that wait are sent when the
// input pauses, so it serves a pipe that never ends. Sending a file again does no harm
// where its events have revisions.
func Send(ctx context.Context, o Options) (sent int64, err error) {
	s := &sender{Options: o, decoder: event.NewDecoder(), waiting: map[place]*batch{}, began: time.Now()}
	in := bufio.NewReaderSize(o.In, 64<<10)
	for number := 1; ; number++ {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return s.sent, s.flush(ctx)
		}
		if err == nil {
			err = s.add(ctx, bytes.TrimSpace(line))
		}
		if err != nil {
			return s.sent, errors.Join(fmt.Errorf("sending %s, line %d: %w", o.Name, number, err), s.flush(ctx))
		}
		if s.count == 0 || o.Rate == 0 && in.Buffered() > 0 {
			continue // more is there already
		}
		if err := s.flush(ctx); err != nil {
			return s.sent, err
		}
		if err := s.pace(ctx); err != nil {
			return s.sent, err
		}
	}
}

// readLine reads a line of bounded length; io.EOF where there is none.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, fmt.Errorf("it is longer than %d bytes, which is more than Kafka takes", maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		}
		return line, err
	}
}

// add checks a line and lets it wait for its partition.
func (s *sender) add(ctx context.Context, line []byte) error {
	if len(line) == 0 {
		return nil
	}
	var attributes struct {
		Key string `json:"partitionkey"`
	}
	if err := json.Unmarshal(line, &attributes); err != nil {
		return fmt.Errorf("it is no CloudEvent in JSON: %w; write one event a line", err)
	}
	m := event.Message{
		Key: []byte(attributes.Key), Value: bytes.Clone(line),
		Headers: []event.Header{{Key: "content-type", Value: []byte("application/cloudevents+json; charset=UTF-8")}},
	}
	ev, err := s.decoder.Decode(m, nil)
	if err != nil {
		return fmt.Errorf("it is no event that a function takes: %w; correct it and send from this line on", err)
	}
	at := place{topic: s.Cluster.Topics().Name(ev.Type.Topic())}
	if ev.Type != event.RelayHeartbeat {
		at.partition = int32(event.Partition(ev.Key, s.Partitions))
	}
	b := s.waiting[at]
	if b == nil {
		b = &batch{}
		s.waiting[at] = b
	}
	size := records.Size(&m)
	if len(b.messages) == maxBatch || b.size+size > records.MaxBatchBytes {
		if err := s.send(ctx, at, b); err != nil {
			return err
		}
	}
	b.messages, b.size, s.count = append(b.messages, m), b.size+size, s.count+1
	return nil
}

func (s *sender) flush(ctx context.Context) error {
	for at, b := range s.waiting {
		if err := s.send(ctx, at, b); err != nil {
			return fmt.Errorf("sending %s: %w", s.Name, err)
		}
	}
	return nil
}

// send publishes what waits for a partition. What is not acknowledged may be
// there: it is sent again as it is, and its ids tell it apart.
func (s *sender) send(ctx context.Context, at place, b *batch) error {
	if len(b.messages) == 0 {
		return nil
	}
	for attempt := 1; ; attempt++ {
		_, err := s.Cluster.Produce(ctx, at.topic, at.partition, b.messages)
		if err == nil {
			break
		}
		if attempt == attempts || ctx.Err() != nil {
			return fmt.Errorf("%w; %d events were acknowledged before; send the rest again, what came twice is recognised", err, s.sent)
		}
		s.Cluster.Reset()
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(attempt) * 100 * time.Millisecond):
		}
	}
	s.sent += int64(len(b.messages))
	s.count -= len(b.messages)
	b.messages, b.size = b.messages[:0], 0
	return nil
}

// pace waits until what was sent is due at the rate.
func (s *sender) pace(ctx context.Context) error {
	if s.Rate == 0 {
		return nil
	}
	due := s.began.Add(time.Duration(float64(s.sent) / s.Rate * float64(time.Second)))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(due)):
		return nil
	}
}
