package records

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/event"
)

// BatchReader reads the records of fetched batches, format 2 (Kafka 0.11 and
// later), without allocating for a record. The format is that of
// https://kafka.apache.org/documentation/#recordbatch. It is used by one
// goroutine; the zero BatchReader is ready.
type BatchReader struct {
	rest []byte // batches not begun
	next int64  // offset after the last batch begun
	skip int64  // records before this offset are passed over

	records []byte // what is left of the batch being read
	left    int32  // records in it
	base    int64
	first   int64 // timestamp of the batch's first record, in ms

	unpacked []byte       // the batch decompressed, where it is LZ4 as producers write it
	plain    bytes.Buffer // the batch decompressed
	source   bytes.Reader
	limited  io.LimitedReader
	names    map[string]string

	aborted []AbortedTransaction // not reached yet, by First
	dropped map[int64]bool       // producers in a transaction that was taken back
}

// maxPlain bounds what one batch may be decompressed to. Ours have at most
// MaxBatchBytes; a broker that takes larger ones may hold larger.
const maxPlain = 256 << 20

// ErrCorrupt says that a batch is not what its producer wrote, or not of a format
// that is known here.
var ErrCorrupt = errors.New("the record batch is damaged or of an unknown format")

// Reset begins with what was fetched from offset on.
func (r *BatchReader) Reset(f Fetched, offset int64) {
	r.rest, r.next, r.skip = f.Batches, offset, offset
	r.records, r.left = nil, 0
	r.aborted = f.Aborted
	slices.SortFunc(r.aborted, func(a, b AbortedTransaction) int { return cmp.Compare(a.First, b.First) })
	clear(r.dropped)
}

// NextOffset returns the offset to fetch from when Read has said that there is
// no more.
func (r *BatchReader) NextOffset() int64 { return r.next }

// Record is one record with its place.
type Record struct {
	Offset int64
	// Time is that of the record itself in milliseconds since 1970 UTC.
	Time    int64
	Message event.Message
}

// Timestamp returns the record's time.
func (r *Record) Timestamp() time.Time { return time.UnixMilli(r.Time).UTC() }

// Clone returns a copy that owns its bytes.
func (r *Record) Clone() Record {
	return Record{Offset: r.Offset, Time: r.Time, Message: CloneMessage(&r.Message)}
}

// CloneMessage returns a copy that owns its bytes.
func CloneMessage(m *event.Message) event.Message {
	c := event.Message{Key: bytes.Clone(m.Key), Value: bytes.Clone(m.Value), Headers: make([]event.Header, len(m.Headers))}
	for i, h := range m.Headers {
		c.Headers[i] = event.Header{Key: h.Key, Value: bytes.Clone(h.Value)}
	}
	return c
}

// Read reads the next record into rec, whose headers' array it uses again. What
// rec holds is valid until the next Read or Reset. ok is false at the end, also
// before a batch that came in part. An error concerns the batch that begins at
// NextOffset.
func (r *BatchReader) Read(rec *Record) (ok bool, err error) {
	for {
		for r.left == 0 {
			more, err := r.begin()
			if err != nil || !more {
				return false, err
			}
		}
		if err := r.record(rec); err != nil {
			r.left = 0
			return false, err
		}
		if rec.Offset >= r.skip {
			return true, nil
		}
	}
}

const headerSize = 61 // of a batch before its records

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// begin begins the next batch; false where there is none that came whole.
func (r *BatchReader) begin() (bool, error) {
	if len(r.rest) < headerSize {
		return false, nil
	}
	h := r.rest
	base := int64(binary.BigEndian.Uint64(h))
	length := int64(int32(binary.BigEndian.Uint32(h[8:]))) + 12
	switch {
	case length < headerSize:
		return false, fmt.Errorf("%w: its length is %d", ErrCorrupt, length)
	case int64(len(h)) < length:
		return false, nil
	case h[16] != 2:
		return false, fmt.Errorf("%w: format %d at offset %d", ErrCorrupt, h[16], base)
	case crc32.Checksum(h[21:length], castagnoli) != binary.BigEndian.Uint32(h[17:]):
		return false, fmt.Errorf("%w: wrong checksum at offset %d", ErrCorrupt, base)
	}
	attributes := binary.BigEndian.Uint16(h[21:])
	last := int64(int32(binary.BigEndian.Uint32(h[23:])))
	count := int32(binary.BigEndian.Uint32(h[57:]))
	if last < 0 || count < 0 {
		return false, fmt.Errorf("%w: negative counts at offset %d", ErrCorrupt, base)
	}
	body := h[headerSize:length]
	unread := r.takenBack(int64(binary.BigEndian.Uint64(h[43:])), base+last, attributes) || base+last < r.skip
	if codec := attributes & 7; codec != 0 && !unread {
		plain, err := r.decompress(kafka.Compression(codec), body)
		if err != nil {
			return false, fmt.Errorf("%w: at offset %d: %w", ErrCorrupt, base, err)
		}
		body = plain
	}
	if base+last+1 > r.next {
		r.next = base + last + 1
	}
	r.rest = r.rest[length:]
	if unread {
		return true, nil // left stays 0
	}
	r.base, r.first = base, int64(binary.BigEndian.Uint64(h[27:]))
	r.records, r.left = body, count
	return true, nil
}

// takenBack tells whether a batch belongs to a transaction that was aborted, as
// Kafka's own consumer decides it: the mark that ends it is a control batch.
func (r *BatchReader) takenBack(producer, last int64, attributes uint16) bool {
	for len(r.aborted) > 0 && r.aborted[0].First <= last {
		if r.dropped == nil {
			r.dropped = map[int64]bool{}
		}
		r.dropped[r.aborted[0].Producer] = true
		r.aborted = r.aborted[1:]
	}
	if attributes&0x20 != 0 {
		delete(r.dropped, producer)
		return true
	}
	return attributes&0x10 != 0 && r.dropped[producer]
}

func (r *BatchReader) decompress(c kafka.Compression, b []byte) ([]byte, error) {
	codec := c.Codec()
	if codec == nil {
		return nil, fmt.Errorf("compression %d is not known", c)
	}
	if c == kafka.Lz4 {
		plain, ok := appendLZ4(r.unpacked[:0], b)
		r.unpacked = plain
		if ok {
			return plain, nil
		}
	}
	r.source.Reset(b)
	d := codec.NewReader(&r.source)
	defer d.Close()
	r.plain.Reset()
	r.limited = io.LimitedReader{R: d, N: maxPlain + 1}
	if _, err := r.plain.ReadFrom(&r.limited); err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	if r.plain.Len() > maxPlain {
		return nil, fmt.Errorf("it decompresses to more than %d bytes", maxPlain)
	}
	return r.plain.Bytes(), nil
}

var errRecord = fmt.Errorf("%w: a record does not end where it says", ErrCorrupt)

func (r *BatchReader) record(rec *Record) error {
	r.left--
	size, n := binary.Varint(r.records)
	if n <= 0 || size < 0 || size > int64(len(r.records)-n) {
		return errRecord
	}
	c := varints{b: r.records[n : n+int(size)]}
	r.records = r.records[n+int(size):]
	c.take(1) // attributes, unused
	rec.Time = r.first + c.varint()
	rec.Offset = r.base + c.varint()
	rec.Message.Key = c.bytes()
	rec.Message.Value = c.bytes()
	headers := c.varint()
	if headers < 0 || headers > int64(len(c.b)) {
		return errRecord
	}
	rec.Message.Headers = rec.Message.Headers[:0]
	for range headers {
		name := c.bytes()
		value := c.bytes()
		if c.bad {
			return errRecord
		}
		rec.Message.Headers = append(rec.Message.Headers, event.Header{Key: r.name(name), Value: value})
	}
	if c.bad || len(c.b) != 0 {
		return errRecord
	}
	return nil
}

// maxNames bounds the header names that are kept: producers use few.
const maxNames = 256

func (r *BatchReader) name(b []byte) string {
	if s, ok := r.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(r.names) < maxNames && len(s) <= 64 {
		if r.names == nil {
			r.names = make(map[string]string, 16)
		}
		r.names[s] = s
	}
	return s
}

// varints reads a record's fields; once it has run out it stays bad.
type varints struct {
	b   []byte
	bad bool
}

func (c *varints) varint() int64 {
	// One byte holds −64 to 63: most lengths and deltas.
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := int64(c.b[0]>>1) ^ -int64(c.b[0]&1)
		c.b = c.b[1:]
		return v
	}
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *varints) take(n int64) []byte {
	if n < 0 || n > int64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	part := c.b[:n:n]
	c.b = c.b[n:]
	return part
}

// bytes reads a length and as many bytes; −1 is null.
func (c *varints) bytes() []byte {
	n := c.varint()
	if n == -1 {
		return nil
	}
	return c.take(n)
}
