package event

import (
	"bytes"
	"mime"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// idProblem says what is wrong with a text that names something; "" is nothing.
func idProblem(b []byte) string {
	if len(b) == 0 || len(b) > MaxID {
		return "expected 1 to 256 bytes"
	}
	plain := 0
	for plain < len(b) && b[plain] > ' ' && b[plain] < 0x7f {
		plain++
	}
	switch {
	case plain == len(b):
		return ""
	case !utf8.Valid(b):
		return "expected UTF-8"
	case bytes.ContainsFunc(b, unicode.IsControl):
		return "expected no control characters"
	case len(bytes.TrimSpace(b)) != len(b):
		return "expected no white space at its ends"
	}
	return ""
}

// CheckID tells whether a text can be an ID, Subject, Key, DocumentID or the
// name of a lot: 1 to MaxID bytes of UTF-8 without control characters, and
// without white space at its ends.
func CheckID(s string) error {
	if problem := idProblem([]byte(s)); problem != "" {
		return &Error{Code: BadData, Problem: quote(s) + " cannot be an id: " + problem}
	}
	return nil
}

// sourceProblem checks a URI-reference of RFC 3986.
func sourceProblem(s string) string {
	const problem = "expected a URI reference of RFC 3986 of at most 256 bytes, such as /ledgers/6f3a"
	if len(s) > MaxID {
		return problem
	}
	const marks = "-._~:/?#[]@!$&'()*+,;=%"
	for i := range len(s) {
		if c := s[i]; (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && strings.IndexByte(marks, c) < 0 {
			return problem
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.String() == "" {
		return problem
	}
	return ""
}

func checkSchema(b []byte, t Type) *Error {
	if b == nil || isSchemaOf(b, t) {
		return nil
	}
	s := string(b)
	if strings.HasPrefix(s, schemaPrefix) {
		return badAttribute(headerSchema, s, "expected "+SchemaURI(t)+" for this type; a later version needs a later Comptoir")
	}
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || len(s) > MaxID || s != strings.TrimSpace(s) {
		return badAttribute(headerSchema, s, "expected an absolute URI of at most 256 bytes, such as "+SchemaURI(t))
	}
	return nil
}

func isSchemaOf(b []byte, t Type) bool {
	short := t.short()
	return len(b) == len(schemaPrefix)+len(short)+len(schemaVersion) && string(b[:len(schemaPrefix)]) == schemaPrefix &&
		string(b[len(schemaPrefix):len(schemaPrefix)+len(short)]) == short && string(b[len(schemaPrefix)+len(short):]) == schemaVersion
}

// checkContentType takes JSON in UTF-8; none means JSON.
func checkContentType(b []byte) *Error {
	if b == nil || string(b) == mediaJSON {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(string(b))
	charset, given := parameters["charset"]
	if err != nil || media != mediaJSON || given && !strings.EqualFold(charset, "utf-8") {
		return badAttribute(headerContentType, string(b), "expected application/json in UTF-8")
	}
	return nil
}

// scanTime reads a time of RFC 3339 with at most 9 decimals and returns it in
// UTC. It is stricter than time.Parse, which takes a comma and an hour of one digit.
func scanTime(b []byte) (time.Time, bool) {
	const whole = len("2006-01-02T15:04:05")
	if len(b) <= whole || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return time.Time{}, false
	}
	y, m, d, ok := scanYMD(b[:10])
	hour, okHour := scanPair(b[11:], 23)
	minute, okMinute := scanPair(b[14:], 59)
	second, okSecond := scanPair(b[17:], 59)
	nanos, end, okFraction := scanFraction(b, whole)
	offset, okOffset := scanOffset(b[end:])
	if !ok || !okHour || !okMinute || !okSecond || !okFraction || !okOffset || y < 1 {
		return time.Time{}, false
	}
	seconds := int64(fromCivil(y, m, d)-unixDays)*secondsPerDay + int64(hour*3600+minute*60+second-offset)
	const year10000 = 253402300800
	return time.Unix(seconds, int64(nanos)).UTC(), seconds >= 0 && seconds < year10000
}

// scanFraction reads a point and 1 to 9 digits at i, or nothing where there is no point.
func scanFraction(b []byte, i int) (nanos, end int, ok bool) {
	if b[i] != '.' {
		return 0, i, true
	}
	first := i + 1
	scale := 1_000_000_000
	for i = first; i < len(b) && b[i]-'0' <= 9 && scale > 1; i++ {
		scale /= 10
		nanos += int(b[i]-'0') * scale
	}
	return nanos, i, i > first
}

// scanOffset reads Z or ±hh:mm, in seconds east of UTC.
func scanOffset(b []byte) (seconds int, ok bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) != len("+00:00") || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	hours, okHours := scanPair(b[1:], 23)
	minutes, okMinutes := scanPair(b[4:], 59)
	if seconds = hours*3600 + minutes*60; b[0] == '-' {
		seconds = -seconds
	}
	return seconds, okHours && okMinutes
}

// scanPair reads two digits, up to most.
func scanPair(b []byte, most int) (int, bool) {
	v := int(b[0]-'0')*10 + int(b[1]-'0')
	return v, b[0]-'0' <= 9 && b[1]-'0' <= 9 && v <= most
}

// scanNumber reads a whole number from 1, which may be padded with zeros.
func scanNumber(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > sequenceDigits {
		return 0, false
	}
	var n uint64 // 20 digits may pass 64 bits
	for _, c := range b {
		if c-'0' > 9 || n > (1<<63-1)/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return int64(n), n >= 1 && n <= 1<<63-1
}

// streamOK tells whether b is the topic, a slash and a partition.
func streamOK(b []byte, topic Topic) bool {
	n := len(topic)
	if len(b) < n+2 || len(b) > n+7 || string(b[:n]) != string(topic) || b[n] != '/' {
		return false
	}
	partition := b[n+1:]
	for _, c := range partition {
		if c-'0' > 9 {
			return false
		}
	}
	return partition[0] != '0' || len(partition) == 1
}

// traceParentOK tells whether b has the form of W3C Trace Context, version 00. One
// that has not is ignored, as that standard asks: a trace is never worth an event.
func traceParentOK(b []byte) bool {
	if len(b) != 55 || b[2] != '-' || b[35] != '-' || b[52] != '-' {
		return false
	}
	for i, c := range b {
		if i != 2 && i != 35 && i != 52 && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return string(b[:2]) == "00"
}
