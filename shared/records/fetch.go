package records

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	protofetch "github.com/segmentio/kafka-go/protocol/fetch"
)

// FetchRequest asks for records of one partition.
type FetchRequest struct {
	Topic     string // by its name on Kafka
	Partition int32
	Offset    int64
	// MaxBytes bounds the answer, compressed; the first batch comes whole.
	MaxBytes int32
	// MaxWait is how long the broker waits for a first record.
	MaxWait time.Duration
}

// Fetched is the answer: record batches as they came, still compressed.
type Fetched struct {
	// End is the offset after the last record that can be read: an open
	// transaction of another producer holds it back.
	End int64
	// Aborted lists the transactions among Batches that were taken back.
	Aborted []AbortedTransaction
	// Batches holds whole record batches and perhaps a part of one more. The first
	// batch may begin before the offset asked for.
	Batches []byte
}

// Fetch reads record batches from a partition's leader. The answer is written
// into buf, which is grown where it must be; hand it in again with the next call.
// An answer without batches means that nothing came in time.
//
// kafka-go's own Fetch allocates for each header of each record. This one leaves
// routing, TLS and SASL to kafka-go's Transport and reads the answer itself (see
// BatchReader).
func (c *Cluster) Fetch(ctx context.Context, r FetchRequest, buf []byte) (Fetched, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.MaxWait+c.config.Timeout)
	defer cancel()
	m, err := c.transport.RoundTrip(ctx, c.addr, &fetchRequest{FetchRequest: r, client: c.config.ClientID, buf: buf})
	if err != nil {
		// The buffer may still be written to: it is not given back.
		return Fetched{}, nil, fmt.Errorf("fetching %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err)
	}
	answer, ok := m.(*fetchResponse)
	if !ok {
		return Fetched{}, nil, fmt.Errorf("fetching %s/%d@%d: an answer of another kind came (%T)", r.Topic, r.Partition, r.Offset, m)
	}
	if answer.code != 0 {
		return Fetched{}, answer.buf, fmt.Errorf("fetching %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, kafka.Error(answer.code))
	}
	return answer.Fetched, answer.buf, nil
}

// AbortedTransaction is a transaction whose records do not count: those of the
// producer from First on, up to the mark that ends it.
type AbortedTransaction struct{ Producer, First int64 }

// fetchVersion of the Fetch API is understood by Kafka 0.11 to 4.x.
const fetchVersion = 4

// maxAnswer bounds what an answer may make us allocate.
const maxAnswer = 512 << 20

// fetchRequest writes itself to the connection that kafka-go's Transport chose
// (protocol.RawExchanger), and reads the answer without decoding its records.
type fetchRequest struct {
	FetchRequest
	client string
	buf    []byte
}

type fetchResponse struct {
	Fetched
	code int16
	buf  []byte
}

// ApiKey is what kafka-go calls it.
func (*fetchRequest) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive,staticcheck // kafka-go's name

// ApiKey is what kafka-go calls it.
func (*fetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive,staticcheck // kafka-go's name

// Broker routes the request to the partition's leader.
func (r *fetchRequest) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	return (&protofetch.Request{Topics: []protofetch.RequestTopic{{
		Topic: r.Topic, Partitions: []protofetch.RequestPartition{{Partition: r.Partition}},
	}}}).Broker(cluster)
}

func (*fetchRequest) Required(map[protocol.ApiKey]int16) bool { return true }

func (r *fetchRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	const correlation = 0x636f6d70
	b := make([]byte, 4, 128)
	b = binary.BigEndian.AppendUint16(b, uint16(protocol.Fetch))
	b = binary.BigEndian.AppendUint16(b, fetchVersion)
	b = binary.BigEndian.AppendUint32(b, correlation)
	b = appendString(b, r.client)
	b = binary.BigEndian.AppendUint32(b, 0xffffffff) // replica id −1: a consumer
	b = binary.BigEndian.AppendUint32(b, uint32(r.MaxWait.Milliseconds()))
	b = binary.BigEndian.AppendUint32(b, 1) // min bytes
	b = binary.BigEndian.AppendUint32(b, uint32(r.MaxBytes))
	b = append(b, 1) // only what is committed
	b = binary.BigEndian.AppendUint32(b, 1)
	b = appendString(b, r.Topic)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Partition))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Offset))
	b = binary.BigEndian.AppendUint32(b, uint32(r.MaxBytes))
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	if _, err := rw.Write(b); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, err
	}
	size := int(int32(binary.BigEndian.Uint32(head[:4]))) - 4
	if size < 0 || size > maxAnswer || binary.BigEndian.Uint32(head[4:]) != correlation {
		return nil, errors.New("the broker's answer is not one to the request")
	}
	if cap(r.buf) < size {
		r.buf = make([]byte, size+size/4)
	}
	body := r.buf[:size]
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, err
	}
	answer, err := parseFetch(body)
	if err != nil {
		return nil, err
	}
	answer.buf = r.buf
	return answer, nil
}

func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

var errAnswer = errors.New("the broker's answer to a fetch is cut off or malformed")

// parseFetch reads a Fetch response of version 4 with one partition.
func parseFetch(b []byte) (*fetchResponse, error) {
	c := cursor{b: b}
	c.skip(4) // throttle
	if c.int32() != 1 {
		return nil, errAnswer
	}
	c.skip(int(c.int16())) // topic
	if c.int32() != 1 {
		return nil, errAnswer
	}
	c.skip(4) // partition
	answer := &fetchResponse{code: c.int16()}
	answer.End = c.int64()
	if stable := c.int64(); stable >= 0 {
		answer.End = min(answer.End, stable)
	}
	for range c.int32() { // −1: none
		answer.Aborted = append(answer.Aborted, AbortedTransaction{c.int64(), c.int64()})
		if c.bad {
			return nil, errAnswer
		}
	}
	if n := int(c.int32()); n > 0 {
		answer.Batches = c.take(n)
	}
	if c.bad {
		return nil, errAnswer
	}
	return answer, nil
}

// cursor reads big-endian numbers; once it has run out it stays bad.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad, c.b = true, nil
		return nil
	}
	part := c.b[:n:n]
	c.b = c.b[n:]
	return part
}

func (c *cursor) skip(n int) { c.take(n) }

func (c *cursor) int16() int16 {
	if p := c.take(2); p != nil {
		return int16(binary.BigEndian.Uint16(p))
	}
	return 0
}

func (c *cursor) int32() int32 {
	if p := c.take(4); p != nil {
		return int32(binary.BigEndian.Uint32(p))
	}
	return 0
}

func (c *cursor) int64() int64 {
	if p := c.take(8); p != nil {
		return int64(binary.BigEndian.Uint64(p))
	}
	return 0
}
