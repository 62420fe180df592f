package publish

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// pack compresses; the same bytes give the same bytes.
func pack(content []byte) ([]byte, error) {
	z, _ := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

func unpack(packed io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
