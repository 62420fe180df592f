package broker

import (
	"encoding/binary"
	"errors"
	"net"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// listener guards the broker, which trusts what comes: a browser that is pointed
// at its port must not make it allocate what "GET /" means as a length, nor end
// the process with a request that it does not know.
type listener struct{ net.Listener }

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &guarded{Conn: c}, nil
}

// maxRequest bounds a request in bytes.
const maxRequest = 100 << 20

var errNotKafka = errors.New("what came is not a Kafka request")

// guarded checks the length and the kind of each request before any of it is
// passed on. The broker reads by one goroutine.
type guarded struct {
	net.Conn
	head [8]byte // length, kind and version of a request
	have int     // bytes of head that came
	gave int     // bytes of head passed on
	left int     // bytes of the request after head
}

func (g *guarded) Read(p []byte) (int, error) {
	if g.left == 0 && g.gave == len(g.head) {
		g.have, g.gave = 0, 0
	}
	for g.have < len(g.head) {
		n, err := g.Conn.Read(g.head[g.have:])
		g.have += n
		if err != nil {
			return 0, err
		}
		if g.have == len(g.head) {
			size := binary.BigEndian.Uint32(g.head[:])
			key := int16(binary.BigEndian.Uint16(g.head[4:]))
			if size < 8 || size > maxRequest || kmsg.RequestForKey(key) == nil {
				return 0, errNotKafka
			}
			g.left = int(size) - 4
		}
	}
	if g.gave < len(g.head) {
		n := copy(p, g.head[g.gave:])
		g.gave += n
		return n, nil
	}
	n, err := g.Conn.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}
