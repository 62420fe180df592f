package records

import (
	"encoding/binary"

	"github.com/pierrec/lz4/v4"
)

// The LZ4 frame format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
const (
	lz4Magic           = 0x184D2204
	lz4Version         = 1 << 6
	lz4Independent     = 1 << 5
	lz4BlockChecksum   = 1 << 4
	lz4ContentSize     = 1 << 3
	lz4ContentChecksum = 1 << 2
	lz4Plain           = 1 << 31 // of a block's size: it is not compressed
)

// appendLZ4 appends what an LZ4 frame of blocks that stand alone holds, as
// Kafka's producers write it. ok is false for every other frame and in any doubt:
// then the codec decides.
//
// The codec's reader takes two buffers of 4 MiB for each frame, whatever is in it.
// The checksums within the frame are passed over: that of the record batch covers
// every byte of it.
func appendLZ4(dst, frame []byte) (_ []byte, ok bool) {
	if len(frame) < 7 || binary.LittleEndian.Uint32(frame) != lz4Magic {
		return dst, false
	}
	flags, most := frame[4], lz4BlockMax(frame[5])
	if flags&^(lz4BlockChecksum|lz4ContentSize|lz4ContentChecksum) != lz4Version|lz4Independent || most == 0 {
		return dst, false
	}
	after := 0
	if flags&lz4BlockChecksum != 0 {
		after = 4
	}
	frame = frame[6:]
	if flags&lz4ContentSize != 0 {
		frame = skip(frame, 8)
	}
	frame = skip(frame, 1) // the header's checksum
	for {
		if len(frame) < 4 {
			return dst, false
		}
		size := binary.LittleEndian.Uint32(frame)
		frame = frame[4:]
		if size == 0 {
			break
		}
		n := int64(size &^ lz4Plain)
		if n > int64(len(frame)) || n > most || len(dst) > maxPlain {
			return dst, false
		}
		block := frame[:n]
		frame = skip(frame[n:], after)
		if size&lz4Plain != 0 {
			dst = append(dst, block...)
		} else if dst, ok = appendLZ4Block(dst, block, int(most)); !ok {
			return dst, false
		}
	}
	if flags&lz4ContentChecksum != 0 {
		if len(frame) < 4 {
			return dst, false
		}
		frame = frame[4:]
	}
	return dst, len(frame) == 0 && len(dst) <= maxPlain
}

func skip(b []byte, n int) []byte { return b[min(n, len(b)):] }

// lz4BlockMax is what a block holds at most by the frame's descriptor, 0 where that is none.
func lz4BlockMax(descriptor byte) int64 {
	if id := descriptor >> 4; descriptor&0x8f == 0 && id >= 4 {
		return 1 << (8 + 2*id)
	}
	return 0
}

// appendLZ4Block finds out how much room a block needs: frames do not say it,
// and the most that they may hold is often far too much.
func appendLZ4Block(dst, block []byte, most int) ([]byte, bool) {
	for room := max(cap(dst)-len(dst), 4*len(block), 1<<10); ; room *= 2 {
		room = min(room, most)
		if cap(dst)-len(dst) < room {
			grown := make([]byte, len(dst), len(dst)+room)
			copy(grown, dst)
			dst = grown
		}
		if n, err := lz4.UncompressBlock(block, dst[len(dst):len(dst)+room]); err == nil {
			return dst[:len(dst)+n], true
		}
		if room == most {
			return dst, false
		}
	}
}
