package ledger

import (
	"io"
	"strings"
	"time"

	"comptoir/shared/event"
)

const typePrefix = "comptoir."

// sequenceBits is how much of event_log.id is the sequence; the stream's number
// stands above.
const sequenceBits = 40

const sequenceMask = 1<<sequenceBits - 1

var typeNames = func() (names [32]string) {
	for _, t := range event.Types() {
		names[t] = strings.TrimPrefix(t.String(), typePrefix)
	}
	return names
}()

var typesByName = func() map[string]event.Type {
	types := map[string]event.Type{}
	for _, t := range event.Types() {
		types[typeNames[t]] = t
	}
	return types
}()

// topicIndex is the place of each topic in event.LedgerTopics.
func topicIndex(t event.Topic) int {
	for i, one := range event.LedgerTopics {
		if one == t {
			return i
		}
	}
	return -1
}

func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// uuid7 makes a UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds,
// then random bits.
func uuid7(random io.Reader, micros int64) ([]byte, error) {
	id := make([]byte, 16)
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return nil, err
	}
	ms := uint64(micros / 1000)
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// emit appends an event to its stream and returns its id in the log. document
// and previous are 0 for registers.
func (tx *Tx) emit(t event.Type, key string, partition int, revision int64, subject string, data event.Data, entry, document, previous int64) (int64, error) {
	number := streamNumber(topicIndex(t.Topic()), partition, tx.l.partitions)
	tx.b.last[number]++
	tx.b.moved[number] = true
	id := number<<sequenceBits | tx.b.last[number]
	uuid, err := uuid7(tx.l.random, tx.at)
	if err != nil {
		return 0, tx.fail(err)
	}
	tx.w.json = event.AppendData(tx.w.json[:0], data)
	return id, tx.exec("INSERT INTO event_log (id, uuid, type, key, revision, time, subject, data, entry, document, previous) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		id, uuid, typeNames[t], key, revision, tx.at, subject, string(tx.w.json), entry, intOrNull(document), intOrNull(previous))
}

// emitSums emits an event of the product's sums. It must come after the
// product's first and last sale have been brought up to date.
func (tx *Tx) emitSums(t event.Type, p *product, entry, document int64, data *event.ProductSale) error {
	data.Currency, data.FirstSoldOn, data.LastSoldOn = tx.l.currency, p.first, p.last
	p.sums++
	id, err := tx.emit(t, p.ID, p.partition, p.sums, data.DocumentID, data, entry, document, p.lastSums)
	p.lastSums = id
	tx.touch(p, entry)
	return err
}

func (tx *Tx) emitClientSums(t event.Type, c *client, entry, document int64, data *event.ClientDocument) error {
	data.Currency, data.FirstPurchase, data.LastPurchase = tx.l.currency, c.first, c.last
	c.sums++
	id, err := tx.emit(t, c.ID, c.partition, c.sums, data.DocumentID, data, entry, document, c.lastSums)
	c.lastSums = id
	tx.touchClient(c, entry)
	return err
}

func (tx *Tx) emitProduct(p *product) error {
	p.entry++
	_, err := tx.emit(event.ProductChanged, p.ID, p.partition, p.entry, p.ID, &event.Product{
		Name: p.Name, Category: p.Category, Kind: p.Kind, BuyPrice: p.BuyPrice, SellPrice: p.SellPrice, MinMargin: p.MinMargin, Currency: tx.l.currency,
	}, p.by, 0, 0)
	return err
}

func (tx *Tx) emitClient(c *client) error {
	c.entry++
	_, err := tx.emit(event.ClientChanged, c.ID, c.partition, c.entry, c.ID, &event.Client{Name: c.Name}, c.by, 0, 0)
	return err
}

// emitStock emits the product's stock where it differs from what was last said
// of it; before anything was said, it is nothing.
func (tx *Tx) emitStock(p *product) error {
	stock, err := tx.stockOf(p)
	if err != nil {
		return err
	}
	said := ""
	if p.lastStock != 0 {
		r, ok, err := tx.row("SELECT data FROM event_log WHERE id = ?", p.lastStock)
		if err != nil {
			return err
		}
		if ok {
			said = r.text(0)
		}
	} else if len(stock.Lots) == 0 && stock.LastSoldOn == event.NoDate {
		return nil
	}
	if said == string(event.MarshalData(&stock)) {
		return nil
	}
	p.stock++
	p.lastStock, err = tx.emit(event.StockChanged, p.ID, p.partition, p.stock, p.ID, &stock, p.by, 0, 0)
	return err
}
