package event

import (
	"strconv"
	"time"
)

// The names of the headers of a record in binary content mode. Those of
// CloudEvents attributes are the attribute with the prefix ce_.
const (
	headerContentType = "content-type"
	headerPrefix      = "ce_"
	headerSpecVersion = "ce_specversion"
	headerID          = "ce_id"
	headerSource      = "ce_source"
	headerType        = "ce_type"
	headerSubject     = "ce_subject"
	headerTime        = "ce_time"
	headerSchema      = "ce_dataschema"
	headerKey         = "ce_partitionkey"
	headerRevision    = "ce_revision"
	headerStream      = "ce_stream"
	headerSequence    = "ce_sequence"
	headerTraceParent = "ce_traceparent"
)

const (
	specVersion     = "1.0"
	mediaJSON       = "application/json"
	mediaStructured = "application/cloudevents+json"
	// sequenceDigits is the width that sequences are padded to, so that they
	// compare as texts as they do as numbers.
	sequenceDigits = 20
)

// Encode writes an event as a Kafka record in the binary content mode of
// CloudEvents 1.0: the attributes as headers, data (JSON, as MarshalData writes
// it) as the value, and a.Key as the key of the record. It checks nothing. The
// message shares data's memory; nothing of it may be changed afterwards.
func Encode(a Attributes, data []byte) Message {
	// One buffer holds every value; what is appended never moves what was given out.
	size := len(a.ID) + len(a.Source) + len(a.Type.String())*2 + len(a.Subject) + len(a.Key) + len(a.Stream) + len(a.TraceParent)
	w := headerWriter{
		headers: make([]Header, 0, 13),
		buf:     make([]byte, 0, size+len(schemaPrefix)+len(time.RFC3339Nano)+80),
	}
	w.text(headerContentType, mediaJSON)
	w.text(headerSpecVersion, specVersion)
	w.text(headerID, a.ID)
	w.text(headerSource, a.Source)
	w.text(headerType, a.Type.String())
	if a.Subject != "" {
		w.text(headerSubject, a.Subject)
	}
	w.add(headerTime, appendTime(w.buf, a.Time))
	w.add(headerSchema, appendSchemaURI(w.buf, a.Type))
	w.text(headerKey, a.Key)
	key := w.headers[len(w.headers)-1].Value
	if a.Revision != 0 {
		w.add(headerRevision, strconv.AppendInt(w.buf, a.Revision, 10))
	}
	if a.Stream != "" {
		w.text(headerStream, a.Stream)
	}
	if a.Sequence != 0 {
		w.add(headerSequence, appendSequence(w.buf, a.Sequence))
	}
	if a.TraceParent != "" {
		w.text(headerTraceParent, a.TraceParent)
	}
	return Message{Key: key, Value: data, Headers: w.headers}
}

// headerWriter collects headers whose values lie behind each other in buf.
type headerWriter struct {
	headers []Header
	buf     []byte
}

func (w *headerWriter) text(name, value string) { w.add(name, append(w.buf, value...)) }

// add takes buf with one more value appended.
func (w *headerWriter) add(name string, buf []byte) {
	from := len(w.buf)
	w.headers = append(w.headers, Header{Key: name, Value: buf[from:len(buf):len(buf)]})
	w.buf = buf
}

func appendTime(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, time.RFC3339Nano) }

func appendSequence(b []byte, n int64) []byte {
	var digits [sequenceDigits]byte
	text := strconv.AppendInt(digits[:0], n, 10)
	for range sequenceDigits - len(text) {
		b = append(b, '0')
	}
	return append(b, text...)
}

// EncodeStructured writes an event as one JSON object without line breaks, in
// the structured content mode of CloudEvents 1.0: what DecodeJSON reads. data is
// JSON, as MarshalData writes it.
func EncodeStructured(a Attributes, data []byte) []byte {
	b := make([]byte, 0, 512+len(data))
	b = appendString(append(b, `{"specversion":"`+specVersion+`","id":`...), a.ID)
	b = appendString(append(b, `,"source":`...), a.Source)
	b = appendString(append(b, `,"type":`...), a.Type.String())
	if a.Subject != "" {
		b = appendString(append(b, `,"subject":`...), a.Subject)
	}
	b = append(appendTime(append(b, `,"time":"`...), a.Time), '"')
	b = append(b, `,"datacontenttype":"`+mediaJSON+`","dataschema":"`...)
	b = append(appendSchemaURI(b, a.Type), '"')
	b = appendString(append(b, `,"partitionkey":`...), a.Key)
	if a.Revision != 0 {
		// A text: the integers of CloudEvents have 32 bits.
		b = append(strconv.AppendInt(append(b, `,"revision":"`...), a.Revision, 10), '"')
	}
	if a.Stream != "" {
		b = appendString(append(b, `,"stream":`...), a.Stream)
	}
	if a.Sequence != 0 {
		b = append(appendSequence(append(b, `,"sequence":"`...), a.Sequence), '"')
	}
	if a.TraceParent != "" {
		b = appendString(append(b, `,"traceparent":`...), a.TraceParent)
	}
	b = append(append(b, `,"data":`...), data...)
	return append(b, '}')
}

// StructuredMessage makes a record of a line that DecodeJSON has read, as it
// is: in structured content mode, with the event's Key as its key. The message
// shares line's memory.
func StructuredMessage(key string, line []byte) Message {
	return Message{Key: []byte(key), Value: line, Headers: []Header{{Key: headerContentType, Value: []byte(mediaStructured)}}}
}
