package mongostate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// encoder turns JSON as codec.Encode writes it (valid, without spaces) into BSON
// with the same members in the same order: texts, truth values and nulls as they
// are, whole numbers as 64-bit integers, other numbers as decimals, which are
// exact and keep their digits.
type encoder struct {
	json []byte
	at   int
	bson []byte
}

// errNoBSON says that a document has no BSON form and never will.
var errNoBSON = errors.New("it cannot be written as BSON")

// appendBSON appends the BSON of a JSON object.
func appendBSON(dst, doc []byte) ([]byte, error) {
	e := encoder{json: doc, bson: dst}
	if err := e.container('}'); err != nil {
		return nil, err
	}
	return e.bson, nil
}

// container reads an object up to its }, or an array up to its ].
func (e *encoder) container(end byte) error {
	start := len(e.bson)
	e.bson = append(e.bson, 0, 0, 0, 0) // its length, known at the end
	e.at++
	for n := 0; e.json[e.at] != end; n++ {
		if e.json[e.at] == ',' {
			e.at++
		}
		kind := len(e.bson)
		e.bson = append(e.bson, 0)
		if end == ']' {
			e.bson = strconv.AppendInt(e.bson, int64(n), 10)
		} else {
			if err := e.text(); err != nil {
				return err
			}
			if bytes.IndexByte(e.bson[kind+1:], 0) >= 0 {
				return fmt.Errorf("%w: a name holds a zero character", errNoBSON)
			}
			e.at++ // the colon
		}
		e.bson = append(e.bson, 0)
		t, err := e.value()
		if err != nil {
			return err
		}
		e.bson[kind] = byte(t)
	}
	e.at++
	e.bson = append(e.bson, 0)
	binary.LittleEndian.PutUint32(e.bson[start:], uint32(len(e.bson)-start))
	return nil
}

func (e *encoder) value() (bson.Type, error) {
	switch e.json[e.at] {
	case '{':
		return bson.TypeEmbeddedDocument, e.container('}')
	case '[':
		return bson.TypeArray, e.container(']')
	case '"':
		start := len(e.bson)
		e.bson = append(e.bson, 0, 0, 0, 0)
		if err := e.text(); err != nil {
			return 0, err
		}
		e.bson = append(e.bson, 0)
		binary.LittleEndian.PutUint32(e.bson[start:], uint32(len(e.bson)-start-4))
		return bson.TypeString, nil
	case 't':
		e.at += len("true")
		e.bson = append(e.bson, 1)
		return bson.TypeBoolean, nil
	case 'f':
		e.at += len("false")
		e.bson = append(e.bson, 0)
		return bson.TypeBoolean, nil
	case 'n':
		e.at += len("null")
		return bson.TypeNull, nil
	default:
		return e.number()
	}
}

// text appends what a JSON text says.
func (e *encoder) text() (err error) {
	start := e.at + 1
	for i := start; ; i++ {
		switch e.json[i] {
		case '"':
			e.bson = append(e.bson, e.json[start:i]...)
			e.at = i + 1
			return nil
		case '\\':
			for e.json[i] != '"' {
				if e.json[i] == '\\' {
					i++
				}
				i++
			}
			e.bson, err = jsontext.AppendUnquote(e.bson, e.json[e.at:i+1])
			e.at = i + 1
			return err
		}
	}
}

func (e *encoder) number() (bson.Type, error) {
	start := e.at
	for e.at < len(e.json) && e.json[e.at] != ',' && e.json[e.at] != '}' && e.json[e.at] != ']' {
		e.at++
	}
	literal := e.json[start:e.at]
	if n, ok := whole(literal); ok {
		e.bson = binary.LittleEndian.AppendUint64(e.bson, uint64(n))
		return bson.TypeInt64, nil
	}
	d, err := bson.ParseDecimal128(string(literal))
	if err != nil {
		return 0, fmt.Errorf("%w: the number %s has too many digits", errNoBSON, literal)
	}
	high, low := d.GetBytes()
	e.bson = binary.LittleEndian.AppendUint64(e.bson, low)
	e.bson = binary.LittleEndian.AppendUint64(e.bson, high)
	return bson.TypeDecimal128, nil
}

// whole reads a literal that is a whole number of 64 bits.
func whole(literal []byte) (int64, bool) {
	if len(literal) > 18 { // may be beyond 64 bits
		n, err := strconv.ParseInt(string(literal), 10, 64)
		return n, err == nil
	}
	digits := literal
	if digits[0] == '-' {
		digits = digits[1:]
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	if len(digits) < len(literal) {
		n = -n
	}
	return n, true
}
