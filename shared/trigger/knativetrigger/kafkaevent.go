package knativetrigger

import (
	"fmt"
	"slices"
	"strings"

	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// kafkaEvent is the type under which KafkaSource hands on a record that is no
// CloudEvent. Its source ends with #topic, its id is partition:p/offset:o, and the
// record's key and headers are extensions.
// https://knative.dev/docs/eventing/sources/kafka-source/
const (
	kafkaEvent  = "dev.knative.kafka.event"
	kafkaKey    = attributePrefix + "key"
	kafkaHeader = attributePrefix + "kafkaheader"
)

// kafkaRecord puts a record together again that is no CloudEvent. Names of headers
// have lost their capitals and their marks on the way; those of CloudEvents get
// theirs back.
func (n names) kafkaRecord(h headers, value []byte) received {
	r := received{origin: n.placeOfRecord(h[attributePrefix+"source"], h[attributePrefix+"id"])}
	if key, ok := h[kafkaKey]; ok {
		r.message.Key = []byte(key)
	}
	r.message.Value = value
	original := headers{}
	for name, v := range h {
		switch bare, ok := strings.CutPrefix(name, kafkaHeader); {
		case name == contentType:
			original[contentType] = v
		case ok:
			original[unmarked(bare)] = v
		}
	}
	r.message.Headers = original.list()
	return r
}

// unmarked gives the name of an attribute its mark back: ceid was ce_id.
func unmarked(name string) string {
	if rest, ok := strings.CutPrefix(name, "ce"); ok && slices.Contains(order, attributePrefix+rest) {
		return attributePrefix + rest
	}
	return name
}

func (n names) placeOfRecord(source, id string) projection.Origin {
	var o projection.Origin
	_, o.Topic, _ = strings.Cut(source, "#")
	if _, err := fmt.Sscanf(id, "partition:%d/offset:%d", &o.Partition, &o.Offset); err != nil || o.Topic == "" || o.Offset < 0 {
		return projection.Unplaced
	}
	return o
}

// delivery decodes a record.
func (r *received) delivery(d *event.Decoder, uses func(event.Type) bool) projection.Delivery {
	out := projection.Delivery{Origin: r.origin, Message: &r.message}
	var err error
	if out.Event, err = d.Decode(r.message, uses); err != nil {
		out.Poison, out.Event = err, event.Event{}
	}
	return out
}
