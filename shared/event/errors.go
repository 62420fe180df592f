package event

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// ErrPoison is wrapped by every error of decoding: the record can never become
// an event, however often it is brought.
var ErrPoison = errors.New("the record is not an event of Comptoir")

// Code sorts the reasons for which a record is refused.
type Code string

// The codes.
const (
	// NotACloudEvent: there is no CloudEvent 1.0 with data in the record.
	NotACloudEvent Code = "not-a-cloudevent"
	// UnknownType: a CloudEvent, but its type is none of ours.
	UnknownType Code = "unknown-type"
	// BadAttribute: an attribute is missing, repeated or breaks its rule.
	BadAttribute Code = "bad-attribute"
	// BadData: the data is not JSON, or a member of it is missing or breaks its rule.
	BadData Code = "bad-data"
)

// Error is why a record was refused, in one sentence. It wraps ErrPoison.
type Error struct {
	Code Code
	// Name is the attribute, such as ce_time, or the member of the data, such as
	// lots[2].on_hand; "" where the record as a whole is meant.
	Name string
	// Value is what was found, quoted and cut to a readable length; "" where
	// nothing was.
	Value string
	// Problem says what is wrong with it and what is expected.
	Problem string
}

// Error writes the sentence.
func (e *Error) Error() string {
	s := string(e.Code) + ": "
	switch {
	case e.Name == "":
		return s + e.Problem
	case e.Code == BadData:
		s += "member " + e.Name
	default:
		s += "attribute " + e.Name
	}
	if e.Value != "" {
		s += " is " + e.Value
	}
	return s + ": " + e.Problem
}

// Unwrap returns ErrPoison.
func (e *Error) Unwrap() error { return ErrPoison }

// shown is how many bytes of a value an error shows.
const shown = 80

// quote makes a value safe to print: quoted, escaped, and cut where it is long.
func quote[T ~string | ~[]byte](value T) string {
	s := string(value)
	if len(s) <= shown {
		return strconv.QuoteToASCII(s)
	}
	cut := shown
	for cut > shown-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.QuoteToASCII(s[:cut]) + "… (" + strconv.Itoa(len(s)) + " bytes)"
}

func badAttribute(name, value, problem string) *Error {
	return &Error{Code: BadAttribute, Name: name, Value: quote(value), Problem: problem}
}
