package projection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Bulk folds very many records with the memory of few: they are brought in parts,
// each of which is forgotten once it is folded, and what they made is written once
// at the end. It is for a function that is far behind.
//
// It takes the straight way alone. At the first thing that needs another look (a
// record that cannot be applied, a document that somebody else has changed, a reply
// that never came) it gives up, and the records are brought to Engine.Handle, which
// decides each of them. What a Bulk had written until then is no harm: it is
// recognised as applied.
//
// A Bulk is used by one goroutine.
type Bulk struct {
	run     run // of the part at hand
	docs    map[string]*open
	streams map[string]*stream
	starts  []Position // the first record of each partition
}

// open is a document that events are being folded into.
type open struct {
	doc     Document
	read    int64
	changed bool
}

// bulkDocs bounds the documents that a Bulk holds. Each has some kilobytes.
const bulkDocs = 4000

// Bulk begins one.
func (e *Engine) Bulk() *Bulk {
	return &Bulk{run: run{e: e, today: e.today()}, docs: map[string]*open{}, streams: map[string]*stream{}}
}

// Full says that the Bulk holds as many documents as it should: commit it.
func (b *Bulk) Full() bool { return len(b.docs) >= bulkDocs }

// Add folds a part: records with their places, those of a partition in the
// order of their offsets and after those of earlier parts. It keeps nothing of the
// part. After an error the Bulk is of no use any more and has written nothing.
func (b *Bulk) Add(ctx context.Context, part []Delivery) error {
	r := &b.run
	r.batch = part
	r.state = append(r.state[:0], make([]fate, len(part))...)
	terms, err := r.e.claim(ctx, r.ledgerSeen())
	if err != nil {
		return err
	}
	if r.terms != nil && r.terms.epoch != terms.epoch {
		return errMoved
	}
	r.terms = terms
	for i := range part {
		r.report.Records += part[i].Records()
		b.begin(part[i].Origin)
	}
	streams, err := b.open(ctx)
	if err != nil {
		return err
	}
	if err := b.load(ctx); err != nil {
		return err
	}
	for i := range part {
		if err := b.fold(i); err != nil {
			return err
		}
	}
	for _, s := range streams {
		if r.advance(s, Outcome{}) {
			b.streams[s.name].changed = true
		}
	}
	return nil
}

// begin notes where the partition's records begin.
func (b *Bulk) begin(o Origin) {
	for i := range b.starts {
		if p := &b.starts[i]; p.Partition == o.Partition && p.Topic == o.Topic {
			return
		}
	}
	b.starts = append(b.starts, Position(o))
}

// open finds the checkpoints of the part's streams.
func (b *Bulk) open(ctx context.Context) (map[string]*stream, error) {
	streams := b.run.split()
	for name, s := range streams {
		if known := b.streams[name]; known != nil {
			s.read = known.read
		}
	}
	moved, err := b.run.loadCheckpoints(ctx, streams)
	if err != nil {
		return nil, err
	}
	if moved || b.run.early(streams) {
		return nil, errMoved
	}
	for name, s := range streams {
		if b.streams[name] == nil {
			b.streams[name] = &stream{name: name, read: s.read}
		}
	}
	return streams, nil
}

// load reads the documents of the part that are not at hand yet, and decides
// what can be decided without them.
func (b *Bulk) load(ctx context.Context) error {
	r := &b.run
	var ids []string
	for i := range r.batch {
		d := &r.batch[i]
		if d.Poison != nil {
			return fmt.Errorf("%s cannot be decoded: %w", d.Origin, d.Poison)
		}
		if r.passes(d) {
			r.state[i] = skipped
			r.report.Skipped += d.Records()
			continue
		}
		if err := r.belongs(&d.Event); err != nil {
			return err
		}
		if b.docs[d.Event.Key] == nil {
			b.docs[d.Event.Key] = &open{}
			ids = append(ids, d.Event.Key)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	c := &r.e.fn.Collection
	docs, err := r.terms.in.Load(ctx, c, ids)
	if err != nil {
		return fmt.Errorf("reading %d documents of %s: %w", len(ids), c.Name, err)
	}
	for _, id := range ids {
		doc := docs[id]
		if doc == nil {
			doc = c.New()
			doc.Head().ID = id
		}
		if err := r.outdated(doc.Head()); err != nil {
			return err
		}
		*b.docs[id] = open{doc: doc, read: doc.Head().Version}
	}
	return nil
}

// fold applies one record of the part.
func (b *Bulk) fold(i int) error {
	r := &b.run
	if r.state[i] == skipped {
		return nil
	}
	d := &r.batch[i]
	o := b.docs[d.Event.Key]
	isNew, err := r.e.applyOne(o.doc, d, max(o.doc.Head().Day, r.today))
	if err != nil {
		return err
	}
	if isNew {
		r.state[i], o.changed = applied, true
		r.report.Applied++
	} else {
		r.state[i] = duplicate
		r.report.Duplicates++
	}
	return nil
}

// Commit writes what the parts have made of the documents, then how far that is.
// The outcome is either done, or to bring all of it again.
func (b *Bulk) Commit(ctx context.Context) (Outcome, Report) {
	if err := b.write(ctx); err != nil {
		return Outcome{Retry: b.starts, Err: err}, Report{Records: b.run.report.Records}
	}
	return Outcome{}, b.run.report
}

func (b *Bulk) write(ctx context.Context) error {
	r := &b.run
	if r.terms == nil {
		return nil // nothing was added
	}
	// All of it was received by now: see run.enter.
	if t, err := r.e.open(ctx); err != nil || t.epoch != r.terms.epoch {
		return errors.Join(err, errMoved)
	}
	c := &r.e.fn.Collection
	var writes []Write
	for _, o := range b.docs {
		if !o.changed {
			continue
		}
		if err := r.e.review(o.doc, max(o.doc.Head().Day, r.today), r.terms); err != nil {
			return err
		}
		o.doc.Head().Version = o.read + 1
		writes = append(writes, Write{Doc: o.doc, Read: o.read})
	}
	slices.SortFunc(writes, func(x, y Write) int { return strings.Compare(x.Doc.Head().ID, y.Doc.Head().ID) })
	for part := range slices.Chunk(writes, chunk) {
		if err := r.terms.commitAll(ctx, c, part); err != nil {
			return err
		}
	}
	r.report.Documents = len(writes)
	// What was done is claimed after it is done.
	var claims []Write
	for _, s := range b.streams {
		if s.changed {
			read := s.read.Version
			r.e.stamp(s.read, r.today, r.terms.rules)
			claims = append(claims, Write{Doc: s.read, Read: read})
		}
	}
	if len(claims) == 0 {
		return nil
	}
	slices.SortFunc(claims, func(x, y Write) int { return strings.Compare(x.Doc.Head().ID, y.Doc.Head().ID) })
	return r.terms.commitAll(ctx, &Checkpoints, claims)
}

var errMoved = errors.New("the state has another epoch by now")

var errNotStraight = errors.New("it was changed by someone else, or the store refuses it")

// commitAll writes documents of which none may fail.
func (t *terms) commitAll(ctx context.Context, c *Collection, writes []Write) error {
	results, err := t.in.Commit(ctx, c, writes)
	if err != nil || len(results) != len(writes) {
		return fmt.Errorf("writing %d documents of %s: %w", len(writes), c.Name, err)
	}
	for i, r := range results {
		if r != Written {
			return fmt.Errorf("writing the document %s of %s: %w", writes[i].Doc.Head().ID, c.Name, errNotStraight)
		}
	}
	return nil
}
