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
	// Rate is how many events a second fall due, however Kafka fares; 0 is as
	// fast as it goes.
	Rate float64
}

// Report says what was sent.
type Report struct {
	// Sent counts the events that were acknowledged, Took is for how long they were sent.
	Sent int64
	Took time.Duration
	// Late is how long after they were due events were acknowledged, where there
	// is a rate. It counts what they waited for others too.
	Late Lateness
}

// maxLine bounds a line in bytes: what a record may be.
const maxLine = records.MaxBatchBytes

// Send publishes every line and reports how many were acknowledged. A line that
// is no event of ours ends it; the lines before are sent. Events are sent as their
// lines come, so it serves a pipe that never ends. What is not acknowledged is sent again as it is, for a
// minute. Sending a file again does no harm where its events have revisions.
//
// With a rate it is an open loop: line n is due n/Rate seconds after the start. A
// Kafka that is slow or away makes events late, which is reported, and does not make
// them fewer.
func Send(ctx context.Context, o Options) (Report, error) {
	began := time.Now()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &sender{Options: o, decoder: event.NewDecoder(), began: began, lanes: newLanes(ctx, stop, o.Cluster)}
	err := s.read(ctx)
	if failed := s.lanes.finish(); failed != nil {
		err = failed // where there was one before, it was this that ended the reading
	}
	if err != nil {
		err = fmt.Errorf("sending %s: %w", o.Name, err)
	}
	return Report{Sent: s.lanes.sent.Load(), Took: time.Since(began), Late: s.lanes.late.summary()}, err
}

type sender struct {
	Options
	decoder *event.Decoder
	began   time.Time
	lanes   *lanes
}

// read hands every line to its partition when it is due.
func (s *sender) read(ctx context.Context) error {
	in := bufio.NewReaderSize(s.In, 64<<10)
	due := time.Time{}
	for number, events := 1, 0; ; number++ {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		at, m, err := s.check(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if s.Rate > 0 {
			due = s.began.Add(time.Duration(float64(events) / s.Rate * float64(time.Second)))
			if !until(ctx, due) {
				return context.Cause(ctx)
			}
		}
		if err := s.lanes.add(ctx, at, waiting{message: m, due: due}); err != nil {
			return err
		}
		events++
	}
}

// until waits for a time; false where the context ended.
func until(ctx context.Context, due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
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

// check makes a message of a line, and finds its partition.
func (s *sender) check(line []byte) (place, event.Message, error) {
	var attributes struct {
		Key string `json:"partitionkey"`
	}
	if err := json.Unmarshal(line, &attributes); err != nil {
		return place{}, event.Message{}, fmt.Errorf("it is no CloudEvent in JSON: %w; write one event a line", err)
	}
	m := event.Message{
		Key: []byte(attributes.Key), Value: bytes.Clone(line),
		Headers: []event.Header{{Key: "content-type", Value: []byte("application/cloudevents+json; charset=UTF-8")}},
	}
	ev, err := s.decoder.Decode(m, nil)
	if err != nil {
		return place{}, event.Message{}, fmt.Errorf("it is no event that a function takes: %w; correct it and send from this line on", err)
	}
	at := place{topic: s.Cluster.Topics().Name(ev.Type.Topic())}
	if ev.Type != event.RelayHeartbeat {
		at.partition = int32(event.Partition(ev.Key, s.Partitions))
	}
	return at, m, nil
}
