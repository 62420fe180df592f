package event

import (
	"strconv"
	"strings"
)

// The bounds of what an event holds, in bytes of UTF-8.
const (
	// MaxID bounds ids, sources, keys, subjects and everything else that names something.
	MaxID = 256
	// MaxText bounds names and categories.
	MaxText = 1024
	// MaxData bounds the data of an event.
	MaxData = 1 << 20
	// maxHeaders bounds the headers of a record, ours and others.
	maxHeaders = 256
)

// attribute is a place in rawAttributes.
type attribute uint8

const (
	attrSpecVersion attribute = iota
	attrID
	attrSource
	attrType
	attrSubject
	attrTime
	attrSchema
	attrKey
	attrRevision
	attrStream
	attrSequence
	attrTraceParent
	attrContentType
	attrCount
	notOurs = attrCount
)

var attributeHeaders = [attrCount]string{
	headerSpecVersion, headerID, headerSource, headerType, headerSubject, headerTime, headerSchema, headerKey,
	headerRevision, headerStream, headerSequence, headerTraceParent, headerContentType,
}

func attributeOf(header string) attribute {
	switch header {
	case headerSpecVersion:
		return attrSpecVersion
	case headerID:
		return attrID
	case headerSource:
		return attrSource
	case headerType:
		return attrType
	case headerSubject:
		return attrSubject
	case headerTime:
		return attrTime
	case headerSchema:
		return attrSchema
	case headerKey:
		return attrKey
	case headerRevision:
		return attrRevision
	case headerStream:
		return attrStream
	case headerSequence:
		return attrSequence
	case headerTraceParent:
		return attrTraceParent
	case headerContentType:
		return attrContentType
	}
	return notOurs
}

// rawAttributes are the values of headers, still in the record's memory. nil is
// absent, which an empty value is not.
type rawAttributes [attrCount][]byte

// collect sorts the headers. Their names are compared without case, as the
// CloudEvents SDK does.
func (r *rawAttributes) collect(headers []Header) *Error {
	if len(headers) > maxHeaders {
		return &Error{Code: NotACloudEvent, Problem: "the record has " + strconv.Itoa(len(headers)) + " headers; expected at most " + strconv.Itoa(maxHeaders)}
	}
	for i := range headers {
		h := &headers[i]
		at := attributeOf(h.Key)
		if at == notOurs {
			name := strings.ToLower(h.Key)
			if at = attributeOf(name); at == notOurs {
				if err := checkExtension(name, h.Value, headers[:i]); err != nil {
					return err
				}
				continue
			}
		}
		if r[at] != nil {
			return badAttribute(attributeHeaders[at], string(h.Value), "it is there more than once; an attribute stands once in a record")
		}
		if r[at] = h.Value; h.Value == nil {
			r[at] = []byte{}
		}
	}
	return nil
}

// checkExtension looks at a header that is none of ours. One without the prefix
// of CloudEvents is none of its business.
func checkExtension(name string, value []byte, before []Header) *Error {
	extension, ours := strings.CutPrefix(name, headerPrefix)
	if !ours {
		return nil
	}
	if extension == "datacontenttype" {
		return badAttribute(name, string(value), "in binary mode the header content-type says it")
	}
	if extension == "" || strings.Trim(extension, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return &Error{Code: BadAttribute, Name: quote(name), Problem: "names of attributes consist of letters and digits"}
	}
	for i := range before {
		if strings.EqualFold(before[i].Key, name) {
			return badAttribute(name, string(value), "it is there more than once; an attribute stands once in a record")
		}
	}
	return nil
}

// attributes checks r and writes to a what says which event it is of its producer;
// names writes the rest.
func (d *Decoder) attributes(r *rawAttributes, a *Attributes) *Error {
	if string(r[attrSpecVersion]) != specVersion {
		return &Error{Code: NotACloudEvent, Name: headerSpecVersion, Value: quote(r[attrSpecVersion]), Problem: "expected 1.0"}
	}
	for _, at := range [...]attribute{attrID, attrSource, attrType, attrKey, attrTime} {
		if r[at] == nil {
			return &Error{Code: BadAttribute, Name: attributeHeaders[at], Problem: "it is missing, and every event needs it"}
		}
	}
	if !d.typ.valid() || string(r[attrType]) != d.typ.String() {
		var known bool
		if d.typ, known = ParseType(string(r[attrType])); !known {
			return &Error{Code: UnknownType, Name: headerType, Value: quote(r[attrType]), Problem: "expected one of the types of Comptoir, such as " + ProductSold.String()}
		}
	}
	a.Type = d.typ
	if string(r[attrSource]) != d.source {
		if problem := sourceProblem(string(r[attrSource])); problem != "" {
			return badAttribute(headerSource, string(r[attrSource]), problem)
		}
		d.source = string(r[attrSource])
	}
	for _, at := range [...]attribute{attrID, attrKey} {
		if problem := idProblem(r[at]); problem != "" {
			return badAttribute(attributeHeaders[at], string(r[at]), problem)
		}
	}
	if problem := idProblem(r[attrSubject]); r[attrSubject] != nil && problem != "" {
		return badAttribute(headerSubject, string(r[attrSubject]), problem)
	}
	var ok bool
	if a.Time, ok = scanTime(r[attrTime]); !ok {
		return badAttribute(headerTime, string(r[attrTime]), "expected a time of RFC 3339 from the years 1970 to 9999 with at most 9 decimals, such as 2011-12-09T12:50:00Z")
	}
	if err := d.numbers(r, a); err != nil {
		return err
	}
	if err := checkSchema(r[attrSchema], a.Type); err != nil {
		return err
	}
	if err := checkContentType(r[attrContentType]); err != nil {
		return err
	}
	if a.Type == RelayHeartbeat && string(r[attrKey]) != d.source {
		return badAttribute(headerKey, string(r[attrKey]), "a heartbeat is about its ledger, so this must be the source "+quote(d.source))
	}
	a.Source = d.source
	return nil
}

// names writes to a what attributes has found right. It is copied or interned.
func (d *Decoder) names(r *rawAttributes, a *Attributes) {
	a.ID = d.copy(r[attrID])
	a.Subject = d.intern(r[attrSubject])
	a.Key = d.intern(r[attrKey])
	if traceParentOK(r[attrTraceParent]) {
		a.TraceParent = d.copy(r[attrTraceParent])
	}
}

// numbers reads revision, stream and sequence.
func (d *Decoder) numbers(r *rawAttributes, a *Attributes) *Error {
	for _, n := range [...]struct {
		at attribute
		to *int64
	}{{attrRevision, &a.Revision}, {attrSequence, &a.Sequence}} {
		if r[n.at] == nil {
			continue
		}
		var ok bool
		if *n.to, ok = scanNumber(r[n.at]); !ok {
			return badAttribute(attributeHeaders[n.at], string(r[n.at]), "expected a whole number from 1 to 9223372036854775807, in at most 20 digits")
		}
	}
	if (r[attrStream] == nil) != (r[attrSequence] == nil) {
		return &Error{Code: BadAttribute, Name: headerStream, Value: quote(r[attrStream]), Problem: "ce_stream and ce_sequence stand together or not at all"}
	}
	if r[attrStream] != nil {
		topic := a.Type.Topic()
		if !streamOK(r[attrStream], topic) {
			return badAttribute(headerStream, string(r[attrStream]), "expected the topic of the type and a partition, such as "+string(topic)+"/3")
		}
		a.Stream = d.intern(r[attrStream])
	}
	return nil
}
