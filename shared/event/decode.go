package event

import (
	"bytes"
	"mime"
)

// Decoder decodes records. It shares the texts that records repeat (sources,
// keys, names) and takes memory for many events at once, so decoding costs
// little; a decoder serves one goroutine and many records.
type Decoder struct {
	texts *interner
	ids   pool
	// What the last record had, found right.
	source   string
	typ      Type
	currency string

	sales     slab[ProductSale]
	documents slab[ClientDocument]
	products  slab[Product]
	clients   slab[Client]
	lots      []Lot
}

// NewDecoder returns a decoder. It is not for concurrent use.
func NewDecoder() *Decoder { return &Decoder{texts: newInterner()} }

// Decode reads a record in the binary or structured content mode of CloudEvents
// 1.0 and checks all of it. Where uses says no to the type, the attributes alone
// are checked: Source, Type, Time, Revision, Stream and Sequence are kept of them,
// and Data is nil. A nil uses means that every type is used. Every error is an
// *Error and wraps ErrPoison.
//
// The key of the record must be there and equal the attribute partitionkey; a
// trigger that is not given the record's key passes that attribute for it.
//
// The event holds nothing of m's memory. Events share memory among each other:
// one that is kept keeps a few kilobytes of its neighbours.
func (d *Decoder) Decode(m Message, uses func(Type) bool) (Event, error) {
	var raw rawAttributes
	if err := raw.collect(m.Headers); err != nil {
		return Event{}, err
	}
	data, structured := m.Value, false
	if content := raw[attrContentType]; string(content) != mediaJSON && isStructured(content) {
		var err *Error
		if raw, data, err = readStructured(m.Value); err != nil {
			return Event{}, err
		}
		structured = true
	}
	if raw[attrSpecVersion] == nil {
		return Event{}, &Error{Code: NotACloudEvent, Problem: "the record has neither a ce_specversion header nor the content type " + mediaStructured}
	}
	var ev Event
	if err := d.attributes(&raw, &ev.Attributes); err != nil {
		return Event{}, err.inStructured(structured)
	}
	if !bytes.Equal(m.Key, raw[attrKey]) {
		return Event{}, badAttribute(headerKey, string(raw[attrKey]), "the key of the record is "+quote(m.Key)+"; both must be the entity that the event is about").inStructured(structured)
	}
	if err := checkData(data); err != nil {
		return Event{}, err
	}
	if uses != nil && !uses(ev.Type) {
		return ev, nil
	}
	d.names(&raw, &ev.Attributes)
	if err := d.data(&ev, data); err != nil {
		return Event{}, err
	}
	return ev, nil
}

// DecodeJSON reads one event in the structured content mode of CloudEvents, as
// a line of JSON. Every error is an *Error and wraps ErrPoison.
func DecodeJSON(b []byte) (Event, error) {
	raw, data, err := readStructured(b)
	if err != nil {
		return Event{}, err
	}
	var ev Event
	d := Decoder{}
	if err := d.attributes(&raw, &ev.Attributes); err != nil {
		return Event{}, err.inStructured(true)
	}
	d.names(&raw, &ev.Attributes)
	if err := checkData(data); err != nil {
		return Event{}, err
	}
	if err := d.data(&ev, data); err != nil {
		return Event{}, err
	}
	return ev, nil
}

func checkData(data []byte) *Error {
	switch {
	case len(data) == 0:
		return &Error{Code: NotACloudEvent, Problem: "the record has no data; every event of Comptoir has some"}
	case len(data) > MaxData:
		return &Error{Code: BadData, Problem: "the data is longer than 1 MiB"}
	}
	return nil
}

// data decodes the data of an event whose attributes are known.
func (d *Decoder) data(ev *Event, data []byte) *Error {
	if fast := d.scan(ev.Type, data); fast != nil {
		ev.Data = fast
		return nil
	}
	slow, err := readData(ev.Type, data)
	if err != nil {
		return err
	}
	ev.Data = slow
	return nil
}

// isStructured tells whether a content type is that of one event in JSON.
func isStructured(contentType []byte) bool {
	media, _, err := mime.ParseMediaType(string(contentType))
	return err == nil && media == mediaStructured
}
