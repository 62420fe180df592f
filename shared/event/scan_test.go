package event

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// agree holds the two ways of reading data together: what is scanned, the
// library reads to the same; and what a decoder answers is the library's answer.
func agree(t interface{ Fatalf(string, ...any) }, d *Decoder, typ Type, data []byte) (accepted bool) {
	slow, err := readData(typ, data)
	fast := d.scan(typ, data)
	if fast != nil && err != nil {
		t.Fatalf("%v: scanned to %+v, but refused: %v\n%s", typ, fast, err, data)
	}
	if fast != nil && !reflect.DeepEqual(fast, slow) {
		t.Fatalf("%v: scanned to %+v, read to %+v\n%s", typ, fast, slow, data)
	}
	return err == nil
}

func TestScannerAgreesWithLibrary(t *testing.T) {
	d := NewDecoder()
	rapid.Check(t, func(t *rapid.T) {
		ev := genEvent(t)
		data := MarshalData(ev.Data)
		if !agree(t, d, ev.Type, data) {
			t.Fatalf("right data is refused: %s", data)
		}
		for range 10 {
			agree(t, d, ev.Type, genMutated(t, data))
		}
		agree(t, d, rapid.SampledFrom(Types()).Draw(t, "other type"), data)
	})
}

func FuzzScannerAgreesWithLibrary(f *testing.F) {
	for _, s := range samples {
		f.Add(uint8(s.Type), MarshalData(s.Data))
	}
	d := NewDecoder()
	f.Fuzz(func(t *testing.T, typ uint8, data []byte) {
		if Type(typ).valid() {
			agree(t, d, Type(typ), data)
		}
	})
}
