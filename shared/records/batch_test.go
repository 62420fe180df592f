package records

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"pgregory.net/rapid"

	"comptoir/shared/event"
)

// encodeBatch has kafka-go write a batch as a broker would hold it.
func encodeBatch(t testing.TB, codec kafka.Compression, base int64, messages []event.Message) []byte {
	t.Helper()
	set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(codec), Records: &messageReader{messages: messages}}
	var b bytes.Buffer
	if _, err := set.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()[4:] // its size
	binary.BigEndian.PutUint64(raw, uint64(base))
	return raw
}

// kafkaGo reads a batch with kafka-go's own reader.
func kafkaGo(batch []byte) ([]Record, error) {
	var set protocol.RecordSet
	sized := binary.BigEndian.AppendUint32(nil, uint32(len(batch)))
	if _, err := set.ReadFrom(bytes.NewReader(append(sized, batch...))); err != nil {
		return nil, err
	}
	var all []Record
	for {
		r, err := set.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		rec := Record{Offset: r.Offset, Time: r.Time.UnixMilli(), Message: event.Message{Headers: []event.Header{}}}
		if rec.Message.Key, err = protocol.ReadAll(r.Key); err != nil {
			return nil, err
		}
		if rec.Message.Value, err = protocol.ReadAll(r.Value); err != nil {
			return nil, err
		}
		for _, h := range r.Headers {
			rec.Message.Headers = append(rec.Message.Headers, event.Header(h))
		}
		all = append(all, rec)
	}
}

func read(f Fetched, offset int64) (all []Record, next int64, err error) {
	var r BatchReader
	r.Reset(f, offset)
	var rec Record
	for {
		ok, err := r.Read(&rec)
		if !ok || err != nil {
			return all, r.NextOffset(), err
		}
		all = append(all, rec.Clone())
	}
}

var anyMessage = rapid.Custom(func(t *rapid.T) event.Message {
	maybe := rapid.OneOf(rapid.Just[[]byte](nil), rapid.SliceOfN(rapid.Byte(), 0, 200))
	m := event.Message{Key: maybe.Draw(t, "key"), Value: maybe.Draw(t, "value"), Headers: []event.Header{}}
	for range rapid.IntRange(0, 12).Draw(t, "headers") {
		m.Headers = append(m.Headers, event.Header{Key: rapid.SampledFrom([]string{"ce_id", "ce_type", "", "a"}).Draw(t, "name"), Value: maybe.Draw(t, "header")})
	}
	return m
})

func TestBatchesReadAsKafkaGoReadsThem(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var fetched []byte
		var want []Record
		base := rapid.Int64Range(0, 1<<40).Draw(rt, "base")
		from := base
		for range rapid.IntRange(1, 4).Draw(rt, "batches") {
			codec := kafka.Compression(rapid.IntRange(0, 4).Draw(rt, "codec"))
			messages := rapid.SliceOfN(anyMessage, 1, 30).Draw(rt, "messages")
			raw := encodeBatch(t, codec, base, messages)
			records, err := kafkaGo(raw)
			if err != nil {
				rt.Fatal(err)
			}
			want, fetched, base = append(want, records...), append(fetched, raw...), base+int64(len(messages))
		}
		// A broker begins with the batch that holds the offset, and may cut the last.
		first := rapid.IntRange(0, len(want)-1).Draw(rt, "first")
		cut := rapid.SampledFrom([]int{0, 0, 1, headerSize}).Draw(rt, "cut")
		got, next, err := read(Fetched{Batches: fetched[:max(0, len(fetched)-cut)]}, from+int64(first))
		if err != nil {
			rt.Fatal(err)
		}
		want = want[first:]
		if cut == 0 && (len(got) != len(want) || next != base) || len(got) > len(want) {
			rt.Fatalf("%d records up to %d, want %d up to %d", len(got), next, len(want), base)
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], want[i]) {
				rt.Fatalf("record %d: %+v\nkafka-go: %+v", i, got[i], want[i])
			}
		}
	})
}

// What kafka-go reads of a damaged batch without an error, we read the same;
// nothing makes us panic.
func FuzzBatch(f *testing.F) {
	for codec := range kafka.Compression(5) {
		f.Add(encodeBatch(f, codec, 7, []event.Message{
			{Key: []byte("k"), Value: []byte(`{"n":1}`), Headers: []event.Header{{Key: "ce_id", Value: []byte("1")}}},
			{Value: bytes.Repeat([]byte("x"), 300)},
		}), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, repair bool) {
		if repair && len(b) >= headerSize {
			// With a right length and checksum the rest is what is put to the test.
			binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
			b[16] = 2
			binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
			if binary.BigEndian.Uint32(b[57:]) > 1<<16 {
				return // kafka-go allocates what the batch says
			}
		}
		got, _, err := read(Fetched{Batches: b}, 0)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("an error of another kind: %v", err)
		}
		if err == nil && repair && len(got) > 0 && b[22]&0x30 == 0 {
			want, err := kafkaGo(b)
			if err != nil {
				return // we are content with less, such as a compressed body that ends early
			}
			for i := range got {
				if i >= len(want) || string(got[i].Message.Value) != string(want[i].Message.Value) || string(got[i].Message.Key) != string(want[i].Message.Key) || len(got[i].Message.Headers) != len(want[i].Message.Headers) {
					t.Fatalf("record %d: %+v\nkafka-go: %+v", i, got[i], want)
				}
			}
		}
	})
}

func TestBatchesThatDoNotCountAreLeftOut(t *testing.T) {
	batch := func(base, producer int64, attributes byte) []byte {
		b := encodeBatch(t, 0, base, []event.Message{{Value: []byte{byte(base)}}})
		b[22] |= attributes
		binary.BigEndian.PutUint64(b[43:], uint64(producer))
		binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
		return b
	}
	const transaction, control = 0x10, 0x20
	var fetched []byte
	for _, b := range [][]byte{
		batch(0, 1, transaction),         // committed
		batch(1, 2, transaction),         // taken back
		batch(2, -1, 0),                  // no transaction
		batch(3, 1, transaction|control), // the mark of the first
		batch(4, 2, transaction|control), // and of the second
		batch(5, 2, transaction),         // its next one, committed
		batch(6, 2, transaction|control),
	} {
		fetched = append(fetched, b...)
	}
	got, next, err := read(Fetched{Batches: fetched, Aborted: []AbortedTransaction{{Producer: 2, First: 1}}}, 0)
	var offsets []int64
	for _, r := range got {
		offsets = append(offsets, r.Offset)
	}
	if err != nil || next != 7 || !reflect.DeepEqual(offsets, []int64{0, 2, 5}) {
		t.Errorf("read %v up to %d, %v", offsets, next, err)
	}
}

func TestReadingAllocatesNothingForARecord(t *testing.T) {
	var messages []event.Message
	for i := range 2000 {
		messages = append(messages, event.Message{Key: []byte("key"), Value: bytes.Repeat([]byte{byte(i)}, 200), Headers: []event.Header{{Key: "ce_id", Value: []byte("id")}, {Key: "ce_type", Value: []byte("t")}}})
	}
	raw := encodeBatch(t, kafka.Lz4, 0, messages)
	var r BatchReader
	var rec Record
	n := testing.AllocsPerRun(20, func() {
		r.Reset(Fetched{Batches: raw}, 0)
		for {
			ok, err := r.Read(&rec)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				return
			}
		}
	})
	if n > 20 {
		t.Errorf("%v allocations for 2000 records", n)
	}
}

func BenchmarkRead(b *testing.B) {
	var messages []event.Message
	for i := range 1600 {
		m := event.Encode(event.Attributes{
			ID: "0198c5f2-9d4e-7c3a-8d1b-2f6b8f0a1c3d", Source: "/ledgers/0198c5f2", Type: event.ProductSold, Subject: "INV-000001",
			Time: time.Unix(1700000000, int64(i)), Key: "22423", Revision: int64(i + 1), Stream: "sales/3", Sequence: int64(i + 1),
		}, bytes.Repeat([]byte{'a' + byte(i%20)}, 150))
		messages = append(messages, m)
	}
	raw := encodeBatch(b, kafka.Lz4, 0, messages)
	b.Run("ours", func(b *testing.B) {
		var r BatchReader
		var rec Record
		for b.Loop() {
			r.Reset(Fetched{Batches: raw}, 0)
			for {
				if ok, err := r.Read(&rec); !ok || err != nil {
					break
				}
			}
		}
		b.ReportMetric(float64(b.N*len(messages))/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("kafka-go", func(b *testing.B) {
		for b.Loop() {
			if _, err := kafkaGo(raw); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N*len(messages))/b.Elapsed().Seconds(), "records/s")
	})
}
