package knativetrigger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/binding/spec"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/go-json-experiment/json/jsontext"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// received is a record as it was on Kafka, as far as a request tells: what the
// source hands on is the CloudEvent in it, without its place.
type received struct {
	message event.Message
	origin  projection.Origin
}

const (
	contentType     = "content-type"
	mediaStructured = "application/cloudevents+json"
	attributePrefix = "ce_"
)

// errNoEvent says that a request carries nothing that a source would send.
var errNoEvent = errors.New("the request is no CloudEvent: it has neither a ce-specversion header that is known nor the content type of one or of several")

// read takes a request apart, of which body was read already. An error means that
// it is not from a source of events at all.
func (n names) read(r *http.Request, body []byte) ([]received, error) {
	m := cehttp.NewMessage(r.Header, nil)
	switch m.ReadEncoding() {
	case binding.EncodingBinary:
		return n.binary(r.Context(), m, body)
	case binding.EncodingStructured:
		return []received{n.structured(r.Header.Get("Content-Type"), body)}, nil
	case binding.EncodingBatch:
		var all []json.RawMessage
		if err := json.Unmarshal(body, &all); err != nil {
			return nil, fmt.Errorf("reading a batch of CloudEvents, which is a list in JSON: %w", err)
		}
		records := make([]received, 0, len(all))
		for _, one := range all {
			records = append(records, n.structured(mediaStructured, one))
		}
		return records, nil
	default:
		return nil, errNoEvent
	}
}

// headers collects the attributes of an event in binary mode. It is
// binding.BinaryWriter.
type headers map[string]string

func (h headers) Start(context.Context) error { return nil }

func (h headers) SetAttribute(a spec.Attribute, value any) error {
	if name := a.Name(); name == "datacontenttype" {
		h[contentType] = fmt.Sprint(value)
	} else {
		h[attributePrefix+name] = fmt.Sprint(value)
	}
	return nil
}

func (h headers) SetExtension(name string, value any) error {
	h[attributePrefix+name] = fmt.Sprint(value)
	return nil
}

func (h headers) SetData(io.Reader) error { return nil }

func (h headers) End(context.Context) error { return nil }

func (n names) binary(ctx context.Context, m *cehttp.Message, body []byte) ([]received, error) {
	h := headers{}
	if err := m.ReadBinary(ctx, h); err != nil {
		return nil, fmt.Errorf("reading a CloudEvent: %w", err)
	}
	if h[attributePrefix+"type"] == kafkaEvent {
		return []received{n.kafkaRecord(h, body)}, nil
	}
	r := received{message: event.Message{Key: []byte(h[attributePrefix+"partitionkey"]), Value: body, Headers: h.list()}}
	for name, values := range m.Header {
		// The library takes the first of several; that is not for us to choose.
		if extension, ok := strings.CutPrefix(name, "Ce-"); ok {
			for _, v := range values[min(1, len(values)):] {
				r.message.Headers = append(r.message.Headers, event.Header{Key: attributePrefix + strings.ToLower(extension), Value: []byte(v)})
			}
		}
	}
	r.origin = n.place(h[attributePrefix+"stream"])
	return []received{r}, nil
}

// order is that in which ledgers write the headers of a record, so that what
// comes by way of a source is the record that it was.
var order = []string{
	contentType, "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataschema", "ce_partitionkey",
	"ce_revision", "ce_stream", "ce_sequence", "ce_traceparent",
}

func (h headers) list() []event.Header {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	rank := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	list := make([]event.Header, 0, len(names))
	for _, name := range names {
		list = append(list, event.Header{Key: name, Value: []byte(h[name])})
	}
	return list
}

// structured takes an event in structured mode as it is: that it cannot be read is
// for the decoder to say, as of a record on Kafka.
func (n names) structured(media string, body []byte) received {
	key, stream := keyOf(body)
	return received{
		message: event.Message{Key: key, Value: body, Headers: []event.Header{{Key: contentType, Value: []byte(media)}}},
		origin:  n.place(stream),
	}
}

// keyOf finds the key of an event in structured mode, which is its partitionkey,
// and its stream, also where what follows them is broken.
func keyOf(body []byte) (key []byte, stream string) {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, ""
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return key, stream
		}
		switch member := name.String(); {
		case (member == "partitionkey" || member == "stream") && d.PeekKind() == '"':
			value, err := d.ReadToken()
			if err != nil {
				return key, stream
			}
			if member == "stream" {
				stream = value.String()
			} else {
				key = []byte(value.String())
			}
		default:
			if d.SkipValue() != nil {
				return key, stream
			}
		}
	}
	return key, stream
}

// names are those of the topics on Kafka.
type names map[event.Topic]string

func (n names) of(topic string) string {
	if name, ok := n[event.Topic(topic)]; ok {
		return name
	}
	return topic
}

// place tells topic and partition where the event says of what stream it is. Its
// offset is known to nobody.
func (n names) place(stream string) projection.Origin {
	topic, number, ok := strings.Cut(stream, "/")
	p, err := strconv.ParseInt(number, 10, 32)
	if !ok || err != nil || p < 0 {
		return projection.Unplaced
	}
	return projection.Origin{Topic: n.of(topic), Partition: int32(p), Offset: -1}
}
