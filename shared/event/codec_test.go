package event

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	kafka "github.com/segmentio/kafka-go"
	"pgregory.net/rapid"
)

func mustDecode(t *rapid.T, d *Decoder, m Message, uses func(Type) bool) Event {
	ev, err := d.Decode(m, uses)
	if err != nil {
		t.Fatalf("%v\nheaders %q\nvalue %s", err, m.Headers, m.Value)
	}
	return ev
}

func TestEncodedEventIsDecoded(t *testing.T) {
	d := NewDecoder()
	rapid.Check(t, func(t *rapid.T) {
		want := genEvent(t)
		data := MarshalData(want.Data)
		m := Encode(want.Attributes, data)
		got := mustDecode(t, d, m, nil)
		skipped := mustDecode(t, d, m, func(Type) bool { return false })
		line := EncodeStructured(want.Attributes, data)
		structured := mustDecode(t, d, Message{Key: []byte(want.Key), Value: line, Headers: []Header{{"content-type", []byte("application/cloudevents+json; charset=UTF-8")}}}, nil)
		if again := mustDecode(t, d, StructuredMessage(want.Key, line), nil); !reflect.DeepEqual(again, want) {
			t.Fatalf("%+v is read from a line as %+v", want, again)
		}
		alone, err := DecodeJSON(line)
		if err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		// Nothing decoded may hold the record's memory, which readers use again.
		for _, h := range m.Headers {
			clear(h.Value)
		}
		clear(m.Value)
		clear(line)
		for _, ev := range []Event{got, structured, alone} {
			if !reflect.DeepEqual(ev, want) {
				t.Fatalf("decoded\n%+v %+v, encoded\n%+v %+v", ev.Attributes, ev.Data, want.Attributes, want.Data)
			}
		}
		kept := Attributes{Source: want.Source, Type: want.Type, Time: want.Time, Revision: want.Revision, Stream: want.Stream, Sequence: want.Sequence}
		if skipped.Data != nil || skipped.Attributes != kept {
			t.Fatalf("a type that is not used was decoded to %+v", skipped)
		}
	})
}

func TestPlainDataIsScanned(t *testing.T) {
	d := NewDecoder()
	for _, s := range samples {
		data := d.scan(s.Type, MarshalData(s.Data))
		if s.Type == RelayHeartbeat {
			continue // rare, and left to the library
		}
		if !reflect.DeepEqual(data, s.Data) {
			t.Errorf("%v is not scanned: %s", s.Type, MarshalData(s.Data))
		}
	}
}

func TestErrorsArePoison(t *testing.T) {
	_, err := NewDecoder().Decode(Message{}, nil)
	var e *Error
	if !errors.Is(err, ErrPoison) || !errors.As(err, &e) || e.Code != NotACloudEvent {
		t.Errorf("an empty record gives %v", err)
	}
}

func TestInternedTextsStayThemselves(t *testing.T) {
	d := NewDecoder()
	texts := make([]string, 3*internSlots) // more than there are places, all of one length
	for i := range texts {
		texts[i] = d.intern(fmt.Appendf(nil, "%08d", i))
	}
	for i, text := range texts {
		if want := fmt.Sprintf("%08d", i); text != want {
			t.Fatalf("%s became %s", want, text)
		}
	}
}

func TestPartitionIsKafkas(t *testing.T) {
	reference := kafka.Murmur2Balancer{Consistent: true}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "key")
		partitions := make([]int, rapid.IntRange(1, 64).Draw(t, "n"))
		for i := range partitions {
			partitions[i] = i
		}
		if key == nil {
			key = []byte{}
		}
		want := reference.Balance(kafka.Message{Key: key}, partitions...)
		if got := Partition(string(key), len(partitions)); got != want {
			t.Fatalf("key %q of %d: %d, Kafka's is %d", key, len(partitions), got, want)
		}
	})
}
