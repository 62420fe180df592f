package event

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/binding/format"
	"github.com/cloudevents/sdk-go/v2/binding/spec"
	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"
)

// sdkMessage shows a record to the CloudEvents SDK, as the SDK's own binding for
// Kafka does (protocol/kafka_sarama/v2/message.go).
type sdkMessage struct {
	headers map[string]string
	value   []byte
}

var sdkVersions = spec.WithPrefix(headerPrefix)

func newSDKMessage(m Message) sdkMessage {
	headers := map[string]string{}
	for _, h := range m.Headers {
		headers[strings.ToLower(h.Key)] = string(h.Value)
	}
	return sdkMessage{headers, m.Value}
}

func (m sdkMessage) version() spec.Version { return sdkVersions.Version(m.headers[headerSpecVersion]) }

func (m sdkMessage) ReadEncoding() binding.Encoding {
	switch {
	case format.Lookup(m.headers[headerContentType]) != nil:
		return binding.EncodingStructured
	case m.version() != nil:
		return binding.EncodingBinary
	}
	return binding.EncodingUnknown
}

func (m sdkMessage) ReadStructured(ctx context.Context, w binding.StructuredWriter) error {
	if m.ReadEncoding() != binding.EncodingStructured {
		return binding.ErrNotStructured
	}
	return w.SetStructuredEvent(ctx, format.Lookup(m.headers[headerContentType]), bytes.NewReader(m.value))
}

func (m sdkMessage) ReadBinary(_ context.Context, w binding.BinaryWriter) error {
	version := m.version()
	for name, value := range m.headers {
		var err error
		if a := version.Attribute(name); a != nil {
			err = w.SetAttribute(a, value)
		} else if extension, ok := strings.CutPrefix(name, headerPrefix); ok {
			err = w.SetExtension(extension, value)
		} else if name == headerContentType {
			err = w.SetAttribute(version.AttributeFromKind(spec.DataContentType), value)
		}
		if err != nil {
			return err
		}
	}
	return w.SetData(bytes.NewBuffer(m.value))
}

func (m sdkMessage) GetAttribute(kind spec.Kind) (spec.Attribute, interface{}) {
	a := m.version().AttributeFromKind(kind)
	if a == nil {
		return nil, nil
	}
	name := a.PrefixedName()
	if kind == spec.DataContentType {
		name = headerContentType
	}
	if v, ok := m.headers[name]; ok {
		return a, v
	}
	return a, nil
}

func (m sdkMessage) GetExtension(name string) interface{} {
	if v, ok := m.headers[headerPrefix+name]; ok {
		return v
	}
	return nil
}

func (m sdkMessage) Finish(error) error { return nil }

// sdkRead is the SDK's verdict on a record.
func sdkRead(m Message) (e *cloudevents.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the SDK fails: %v", p)
		}
	}()
	if e, err = binding.ToEvent(context.Background(), newSDKMessage(m)); err != nil {
		return nil, err
	}
	return e, e.Validate()
}

// same compares what the SDK read with our event.
func same(t *rapid.T, e *cloudevents.Event, ev Event) {
	source, _ := url.Parse(ev.Source)
	ours := []string{"1.0", ev.ID, source.String(), ev.Type.String(), ev.Subject, ev.Time.Format(time.RFC3339Nano)}
	theirs := []string{e.SpecVersion(), e.ID(), e.Source(), e.Type(), e.Subject(), e.Time().UTC().Format(time.RFC3339Nano)}
	extensions := map[string]string{"partitionkey": ev.Key, "stream": ev.Stream}
	if ev.TraceParent != "" { // a broken one is left out, which the SDK does not know
		extensions["traceparent"] = ev.TraceParent
	}
	for _, n := range []struct {
		name string
		v    int64
	}{{"revision", ev.Revision}, {"sequence", ev.Sequence}} {
		want, given := "", ""
		if n.v != 0 {
			want = fmt.Sprint(n.v)
		}
		if v, ok := e.Extensions()[n.name]; ok {
			given = strings.TrimLeft(fmt.Sprint(v), "0")
		}
		ours, theirs = append(ours, want), append(theirs, given)
	}
	for name, want := range extensions {
		given, _ := e.Extensions()[name].(string)
		ours, theirs = append(ours, want), append(theirs, given)
	}
	if !slices.Equal(ours, theirs) {
		t.Fatalf("we read\n%q, the SDK\n%q", ours, theirs)
	}
}

func TestSDKReadsWhatIsEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ev := genEvent(t)
		data := MarshalData(ev.Data)
		structured := Message{Value: EncodeStructured(ev.Attributes, data), Headers: []Header{{"Content-Type", []byte("application/cloudevents+json")}}}
		for _, m := range []Message{Encode(ev.Attributes, data), structured} {
			e, err := sdkRead(m)
			if err != nil {
				t.Fatalf("the SDK refuses it: %v\n%q\n%s", err, m.Headers, m.Value)
			}
			same(t, e, ev)
			if e.DataSchema() != SchemaURI(ev.Type) || e.DataContentType() != "application/json" || !bytes.Equal(e.Data(), data) {
				t.Fatalf("the SDK reads %s %s %s", e.DataSchema(), e.DataContentType(), e.Data())
			}
		}
	})
}

var strictTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)

// stricter lists what we refuse and the SDK does not, beside what is ours alone
// (types, numbers, streams, keys, data). docs/events.md says the same.
func stricter(m Message) bool {
	seen := map[string]bool{}
	for _, h := range m.Headers {
		name, value := strings.ToLower(h.Key), string(h.Value)
		if seen[name] && (name == headerContentType || strings.HasPrefix(name, headerPrefix)) {
			return true // the SDK takes the last
		}
		seen[name] = true
		if value == "" && attributeOf(name) != notOurs {
			return true
		}
		switch at := attributeOf(name); at {
		case attrSpecVersion:
			if value != specVersion {
				return true // the SDK reads 0.3 too
			}
		case attrID, attrSource, attrType, attrSubject, attrKey:
			if idProblem(h.Value) != "" || at == attrSource && sourceProblem(value) != "" {
				return true
			}
			if _, ours := ParseType(value); at == attrType && !ours {
				return true
			}
		case attrTime:
			// The SDK's time.Parse takes commas, more decimals, and hours of one digit.
			at, err := time.Parse(time.RFC3339Nano, value)
			if !strictTime.MatchString(value) || err == nil && (at.UTC().Year() < 1970 || at.UTC().Year() > 9999) {
				return true
			}
		case attrRevision, attrSequence:
			if _, ok := scanNumber(h.Value); !ok {
				return true
			}
		case attrStream:
			if !slices.ContainsFunc([]Topic{Sales, Inventory, Clients, Heartbeats}, func(topic Topic) bool { return streamOK(h.Value, topic) }) {
				return true
			}
		case attrSchema:
			if strings.HasPrefix(value, schemaPrefix) || len(value) > MaxID || strings.TrimSpace(value) != value {
				return true
			}
		case attrContentType:
			if checkContentType(h.Value) != nil {
				return true
			}
		}
		if name == "ce_datacontenttype" || strings.HasPrefix(name, headerPrefix) && strings.HasSuffix(name, "_") {
			return true
		}
	}
	return !seen[headerTime] || !seen[headerKey] || seen[headerStream] != seen[headerSequence]
}

// TestVerdictIsTheSDKs breaks headers, and holds our verdict to the SDK's: we
// never accept what it refuses, and refuse more only where a rule says so.
func TestVerdictIsTheSDKs(t *testing.T) {
	d := NewDecoder()
	accepted, refused := 0, 0
	once := func(t *rapid.T, ev Event) {
		m := Encode(ev.Attributes, MarshalData(ev.Data))
		for range rapid.IntRange(1, 2).Draw(t, "faults") {
			at := rapid.IntRange(0, len(m.Headers)-1).Draw(t, "header")
			h := &m.Headers[at]
			switch rapid.IntRange(0, 5).Draw(t, "fault") {
			case 0:
				m.Headers = slices.Delete(m.Headers, at, at+1)
			case 1:
				m.Headers = append(m.Headers, Header{h.Key, rapid.SampledFrom(headerValues(h.Value)).Draw(t, "value")})
			case 2:
				h.Value = genMutated(t, h.Value)
			case 3:
				h.Key = rapid.SampledFrom([]string{strings.ToUpper(h.Key), "ce_", "ce_a-b", "ce_other", "x", "ce_datacontenttype", h.Key + "_"}).Draw(t, "key")
			default:
				h.Value = rapid.SampledFrom(headerValues(h.Value)).Draw(t, "value")
			}
		}
		for _, h := range m.Headers {
			if h.Key == headerKey {
				m.Key = h.Value
			}
		}
		got, ours := d.Decode(m, func(Type) bool { return false })
		e, theirs := sdkRead(m)
		switch {
		case ours == nil && theirs != nil:
			t.Fatalf("we accept what the SDK refuses: %v\n%q", theirs, m.Headers)
		case ours == nil:
			accepted++
			// Of what is not used only some attributes are kept; the others are read alike.
			var raw rawAttributes
			var all Attributes
			if err := raw.collect(m.Headers); err != nil {
				t.Fatal(err)
			}
			if err := d.attributes(&raw, &all); err != nil {
				t.Fatal(err)
			}
			if got.Attributes != all || got.Data != nil {
				t.Fatalf("of what is not used is kept %+v, want %+v", got, all)
			}
			d.names(&raw, &all)
			same(t, e, Event{Attributes: all})
		case theirs == nil && !stricter(m) && ev.Type != RelayHeartbeat && !strings.Contains(ours.Error(), "ce_stream"):
			t.Fatalf("we refuse what the SDK accepts: %v\n%q", ours, m.Headers)
		default:
			refused++
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ev := genEvent(t)
		for range 20 {
			once(t, ev)
		}
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d accepted and %d refused: the test does not try both", accepted, refused)
	}
}

func headerValues(v []byte) [][]byte {
	values := [][]byte{v, []byte(string(v) + " "), append([]byte{' '}, v...), append(slices.Clone(v), 0xff), append(slices.Clone(v), '\n'), bytes.Repeat([]byte("x"), 257)}
	for _, s := range []string{
		"", " ", "0", "1", "007", "-1", "1.5", "1e3", "9223372036854775808", "00000000000000000001", "000000000000000000001",
		"1.0", "0.3", "2.0", "%zz", "a b", "http://[::1", "#", ":", "://", "/ä", "text/plain", "application/json; charset=utf-8", "application/json;charset=latin1",
		"application/json;", "Application/JSON", ";;", "urn:x:y", "relative", "2011-12-09T12:50:00Z", "2011-12-09T12:50:00+02:00", "2011-12-09 12:50:00Z",
		"2011-12-09T24:00:00Z", "2011-12-09T12:50:60Z", "2011-12-09T12:50:00,5Z", "2011-12-09T1:50:00Z", "2011-02-29T12:50:00Z", "2011-12-09t12:50:00z",
		"2011-12-09T12:50:00.1234567891Z", "2011-12-09T12:50:00.Z", "2011-12-09T12:50:00", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59-01:00",
		"sales/3", "sales/03", "sales", "sales/", "clients/0", "heartbeats/0", "comptoir.product.sold", "comptoir.product.eaten", "urn:comptoir:schema:product.sold:2",
	} {
		values = append(values, []byte(s))
	}
	return values
}
