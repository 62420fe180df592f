package mongostate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// errBroken says that a document's bytes are no BSON.
var errBroken = errors.New("its bytes are no BSON")

// appendJSON appends the JSON of a BSON document, which is what the encoder was
// given. Numbers of other types, as a person's shell writes them, are numbers
// too; types that JSON does not have are an error.
func appendJSON(dst, doc []byte) ([]byte, error) {
	return appendContainer(dst, doc, '{')
}

func appendContainer(dst, doc []byte, begin byte) ([]byte, error) {
	if len(doc) < 5 || int64(binary.LittleEndian.Uint32(doc)) != int64(len(doc)) || doc[len(doc)-1] != 0 {
		return nil, errBroken
	}
	dst = append(dst, begin)
	rest := doc[4 : len(doc)-1]
	for first := true; len(rest) > 0; first = false {
		kind := bson.Type(rest[0])
		n := bytes.IndexByte(rest, 0)
		if n < 1 {
			return nil, errBroken
		}
		name := rest[1:n]
		rest = rest[n+1:]
		size, err := valueSize(kind, rest)
		if err != nil {
			return nil, named(name, err)
		}
		if !first {
			dst = append(dst, ',')
		}
		if begin == '{' {
			if dst, err = jsontext.AppendQuote(dst, name); err != nil {
				return nil, err
			}
			dst = append(dst, ':')
		}
		if dst, err = appendValue(dst, kind, rest[:size]); err != nil {
			return nil, named(name, err)
		}
		rest = rest[size:]
	}
	return append(dst, begin+2), nil // } and ] come two after their beginnings
}

func named(name []byte, err error) error { return fmt.Errorf("%s: %w", name, err) }

// valueSize returns how many bytes the value at the start of b takes.
func valueSize(kind bson.Type, b []byte) (int, error) {
	size := 0
	switch kind {
	case bson.TypeNull, bson.TypeUndefined:
	case bson.TypeBoolean:
		size = 1
	case bson.TypeInt32:
		size = 4
	case bson.TypeInt64, bson.TypeDouble:
		size = 8
	case bson.TypeDecimal128:
		size = 16
	case bson.TypeString, bson.TypeEmbeddedDocument, bson.TypeArray:
		if len(b) < 5 {
			return 0, errBroken
		}
		length := binary.LittleEndian.Uint32(b)
		if kind == bson.TypeString {
			length += 4
		}
		if length < 5 || int64(length) > int64(len(b)) {
			return 0, errBroken
		}
		size = int(length)
	default:
		return 0, fmt.Errorf("it holds a %s, which this program never writes: was the document changed by hand?", kind)
	}
	if size > len(b) {
		return 0, errBroken
	}
	return size, nil
}

func appendValue(dst []byte, kind bson.Type, b []byte) ([]byte, error) {
	switch kind {
	case bson.TypeBoolean:
		return strconv.AppendBool(dst, b[0] != 0), nil
	case bson.TypeInt32:
		return strconv.AppendInt(dst, int64(int32(binary.LittleEndian.Uint32(b))), 10), nil
	case bson.TypeInt64:
		return strconv.AppendInt(dst, int64(binary.LittleEndian.Uint64(b)), 10), nil
	case bson.TypeDouble:
		f := math.Float64frombits(binary.LittleEndian.Uint64(b))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, errors.New("it is no number")
		}
		return strconv.AppendFloat(dst, f, 'f', -1, 64), nil
	case bson.TypeDecimal128:
		d := bson.NewDecimal128(binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b))
		return appendDecimal(dst, d)
	case bson.TypeString:
		return jsontext.AppendQuote(dst, b[4:len(b)-1])
	case bson.TypeEmbeddedDocument:
		return appendContainer(dst, b, '{')
	case bson.TypeArray:
		return appendContainer(dst, b, '[')
	default:
		return append(dst, "null"...), nil
	}
}

// appendDecimal writes all digits of a decimal, without an exponent.
func appendDecimal(dst []byte, d bson.Decimal128) ([]byte, error) {
	digits, exponent, err := d.BigInt()
	if err != nil || exponent < -6200 || exponent > 6200 {
		return nil, errors.New("it is no number")
	}
	text := digits.String()
	if strings.HasPrefix(text, "-") {
		dst, text = append(dst, '-'), text[1:]
	}
	switch {
	case exponent >= 0:
		if text != "0" {
			text += strings.Repeat("0", exponent)
		}
		return append(dst, text...), nil
	case len(text) <= -exponent:
		text = strings.Repeat("0", 1-exponent-len(text)) + text
	}
	point := len(text) + exponent
	dst = append(dst, text[:point]...)
	dst = append(dst, '.')
	return append(dst, text[point:]...), nil
}
