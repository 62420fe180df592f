package money

import "encoding/json"

// NullAmount is an amount that may be unknown. In JSON it is a number or null.
type NullAmount struct {
	Amount Amount
	Valid  bool
}

// Some returns a known amount.
func Some(a Amount) NullAmount { return NullAmount{Amount: a, Valid: true} }

// MarshalJSON writes the number of minor units, or null.
func (n NullAmount) MarshalJSON() ([]byte, error) { return marshalNull(int64(n.Amount), n.Valid) }

// UnmarshalJSON reads an integer or null.
func (n *NullAmount) UnmarshalJSON(b []byte) error {
	v, valid, err := unmarshalNull(b)
	*n = NullAmount{Amount(v), valid}
	return err
}

// NullBasisPoints is a ratio that may be unknown. In JSON it is a number or null.
type NullBasisPoints struct {
	BasisPoints BasisPoints
	Valid       bool
}

// SomeBasisPoints returns a known ratio.
func SomeBasisPoints(bp BasisPoints) NullBasisPoints {
	return NullBasisPoints{BasisPoints: bp, Valid: true}
}

// MarshalJSON writes the number of basis points, or null.
func (n NullBasisPoints) MarshalJSON() ([]byte, error) {
	return marshalNull(int64(n.BasisPoints), n.Valid)
}

// UnmarshalJSON reads an integer or null.
func (n *NullBasisPoints) UnmarshalJSON(b []byte) error {
	v, valid, err := unmarshalNull(b)
	*n = NullBasisPoints{BasisPoints(v), valid}
	return err
}

func marshalNull(v int64, valid bool) ([]byte, error) {
	if !valid {
		return []byte("null"), nil
	}
	return appendDecimal(nil, v, 0, false), nil
}

func unmarshalNull(b []byte) (v int64, valid bool, err error) {
	if string(b) == "null" {
		return 0, false, nil
	}
	err = json.Unmarshal(b, &v)
	return v, err == nil, err
}
