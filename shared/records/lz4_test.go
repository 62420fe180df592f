package records

import (
	"bytes"
	"testing"

	"github.com/pierrec/lz4/v4"
	"pgregory.net/rapid"
)

// Frames of every kind that the library writes are read as it reads them, and
// what is cut off or followed by more is left to it.
func TestLZ4Frames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "word")
		content := bytes.Repeat(word, rapid.IntRange(0, 20_000).Draw(t, "times"))
		content = append(content, rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "noise")...)
		var frame bytes.Buffer
		w := lz4.NewWriter(&frame)
		options := []lz4.Option{
			lz4.BlockSizeOption(rapid.SampledFrom([]lz4.BlockSize{lz4.Block64Kb, lz4.Block256Kb, lz4.Block1Mb, lz4.Block4Mb}).Draw(t, "block size")),
			lz4.BlockChecksumOption(rapid.Bool().Draw(t, "block checksum")),
			lz4.ChecksumOption(rapid.Bool().Draw(t, "content checksum")),
		}
		if rapid.Bool().Draw(t, "content size") {
			options = append(options, lz4.SizeOption(uint64(len(content))))
		}
		if err := w.Apply(options...); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		raw := frame.Bytes()
		before := []byte("before")
		got, ok := appendLZ4(before, raw)
		if !ok || !bytes.Equal(got[len(before):], content) || string(got[:len(before)]) != string(before) {
			t.Fatalf("%d bytes, %v; want %d", len(got), ok, len(content))
		}
		if _, ok := appendLZ4(nil, raw[:rapid.IntRange(0, len(raw)-1).Draw(t, "cut")]); ok {
			t.Fatal("a frame that was cut off is taken for a whole one")
		}
		if _, ok := appendLZ4(nil, append(raw, 0)); ok {
			t.Fatal("what follows a frame is passed over")
		}
	})
}
