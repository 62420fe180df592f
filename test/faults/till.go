package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"comptoir/shared/event"
)

const (
	tillProducts = 2000
	tillClients  = 500
	tillSource   = "/tills/soak"
)

// till is another producer than the ledger: it writes CloudEvents, a line each, for
// as long as somebody reads them and it is open, and adds up what they come to.
type till struct {
	mu     sync.Mutex
	rest   bytes.Buffer // written and not read yet
	next   int64
	closed time.Time // no line is begun from then on
	last   map[entity]int64
	sums   map[entity]sums
}

func newTill() *till { return &till{last: map[entity]int64{}, sums: map[entity]sums{}} }

// openFor lets it write from now on for so long.
func (t *till) openFor(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = time.Now().Add(d)
}

// written is how many events it has made.
func (t *till) written() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.next
}

func (t *till) Read(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.rest.Len() == 0 {
		if time.Now().After(t.closed) {
			return 0, io.EOF
		}
		for range 16 {
			t.line()
		}
	}
	return t.rest.Read(p)
}

// line makes the next event: of ten one is of a client.
func (t *till) line() {
	n := t.next
	t.next++
	net, units := 100+n%900, 1+n%3
	id, kind, data := entity{event.ProductSums, fmt.Sprintf("T%04d", n%tillProducts)}, event.ProductSold,
		fmt.Sprintf(`"name":"AT THE TILL","quantity":%d,"cost":%d,`, units, net/2)
	s := sums{1, units * 1000, net, net / 2}
	if n%10 == 9 {
		id, kind, data, s = entity{event.ClientSums, fmt.Sprintf("C%03d", n/10%tillClients)}, event.ClientInvoiced, "", sums{orders: 1, revenue: net}
	}
	t.last[id]++
	t.sums[id] = t.sums[id].plus(s)
	fmt.Fprintf(&t.rest, `{"specversion":"1.0","id":"t-%d","source":%q,"type":%q,"subject":"T-%d","time":%q,"partitionkey":%q,"revision":%d,"datacontenttype":"application/json","data":{%s"document_id":"T-%d","date":"2011-12-09","net":%d,"currency":"GBP"}}`+"\n",
		n, tillSource, kind, n, time.Now().UTC().Format(time.RFC3339Nano), id.key, t.last[id], data, n, net)
}

// truth is what the till's events come to.
func (t *till) truth() *truth {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &truth{last: t.last, sums: t.sums}
}
