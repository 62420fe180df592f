// Package deadletters lists what was kept aside because it could never be
// applied, says what to do about it, and brings it back.
package deadletters

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
)

// Letter is one record that was kept aside, however often and by however many
// functions.
type Letter struct {
	// ID names the record by its content: the same poison has the same ID wherever it
	// stood.
	ID string `json:"id"`
	// Origins are the places where it stood, in the order in which it was kept aside.
	Origins []string `json:"origins"`
	// Type, Source, Key, EventID and Revision are what can be read of its attributes; "" and 0 where nothing can.
	Type     string `json:"type"`
	Source   string `json:"source"`
	Key      string `json:"key"`
	EventID  string `json:"event_id"`
	Revision int64  `json:"revision,omitempty"`
	// Cases tells per function why and when.
	Cases []Case `json:"cases"`
	// Bytes is the size of the record's value.
	Bytes int `json:"bytes"`
}

// Case is what one function had against a record.
type Case struct {
	Function string `json:"function"`
	Reason   string `json:"reason"`
	// Do is what to do about it.
	Do string `json:"do"`
	// First and Last are when it was kept aside (UTC), Times how often.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Times int       `json:"times"`
	// Applied tells that the function's document holds the event by now.
	Applied bool `json:"applied"`
}

// Waiting tells whether a function still lacks the record.
func (l *Letter) Waiting() bool {
	return slices.ContainsFunc(l.Cases, func(c Case) bool { return !c.Applied })
}

// Filter chooses letters. Empty fields choose all.
type Filter struct {
	Function, Type string
	IDs            []string
	// Settled includes those that were applied since.
	Settled bool
}

func (f *Filter) takes(l *Letter) bool {
	return (f.Function == "" || slices.ContainsFunc(l.Cases, func(c Case) bool { return c.Function == f.Function })) &&
		(f.Type == "" || l.Type == f.Type || strings.TrimPrefix(l.Type, "comptoir.") == f.Type) &&
		(len(f.IDs) == 0 || slices.ContainsFunc(f.IDs, func(id string) bool { return strings.HasPrefix(l.ID, id) })) &&
		(f.Settled || l.Waiting() || len(f.IDs) > 0)
}

// Applied asks the state whether a function's document holds an event; the
// revision is above 0.
type Applied func(ctx context.Context, function string, a event.Attributes) (bool, error)

// List returns the letters that the filter takes, oldest first.
func List(ctx context.Context, c *records.Cluster, applied Applied, f Filter) ([]Letter, error) {
	byID := map[string]*Letter{}
	var order []*Letter
	err := c.ReadDeadLetters(ctx, func(s records.StoredLetter) error {
		id := contentID(&s)
		l := byID[id]
		if l == nil {
			a := attributes(&s)
			l = &Letter{ID: id, Type: a.kind, Source: a.Source, Key: a.Key, EventID: a.ID, Revision: a.Revision, Bytes: len(s.Message.Value)}
			byID[id] = l
			order = append(order, l)
		}
		l.add(&s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	letters := []Letter{}
	for _, l := range order {
		for i := range l.Cases {
			k := &l.Cases[i]
			t, known := event.ParseType(l.Type)
			if l.Revision == 0 || !known {
				continue
			}
			if k.Applied, err = applied(ctx, k.Function, event.Attributes{Source: l.Source, Type: t, Key: l.Key, Revision: l.Revision}); err != nil {
				return nil, fmt.Errorf("asking the state about dead letter %s: %w", l.ID, err)
			}
		}
		if f.takes(l) {
			letters = append(letters, *l)
		}
	}
	return letters, nil
}

func (l *Letter) add(s *records.StoredLetter) {
	if at := s.Origin.String(); !slices.Contains(l.Origins, at) {
		l.Origins = append(l.Origins, at)
	}
	i := slices.IndexFunc(l.Cases, func(c Case) bool { return c.Function == s.Function })
	if i < 0 {
		l.Cases = append(l.Cases, Case{Function: s.Function, First: s.Time})
		slices.SortFunc(l.Cases, func(a, b Case) int { return cmp.Compare(a.Function, b.Function) })
		i = slices.IndexFunc(l.Cases, func(c Case) bool { return c.Function == s.Function })
	}
	k := &l.Cases[i]
	k.Reason, k.Do, k.Last, k.Times = s.Reason, advice(s.Reason), s.Time, k.Times+1
}

// contentID names a record by its topic, key, headers and value.
func contentID(s *records.StoredLetter) string {
	h := sha256.New()
	part := func(b []byte) { fmt.Fprintf(h, "%d:", len(b)); h.Write(b) }
	part([]byte(s.Origin.Topic))
	part(s.Message.Key)
	for _, header := range s.Message.Headers {
		part([]byte(header.Key))
		part(header.Value)
	}
	part(s.Message.Value)
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// readable are the attributes that can be read of a record that may be broken.
type readable struct {
	event.Attributes
	kind string
}

func attributes(s *records.StoredLetter) (a readable) {
	if ev, err := event.NewDecoder().Decode(s.Message, nil); err == nil {
		return readable{ev.Attributes, ev.Type.String()}
	}
	values := map[string]string{}
	for _, h := range s.Message.Headers {
		if name, ok := strings.CutPrefix(strings.ToLower(h.Key), "ce_"); ok {
			values[name] = string(h.Value)
		}
	}
	if len(values) == 0 { // perhaps in structured mode
		var structured map[string]any
		if json.Unmarshal(s.Message.Value, &structured) == nil {
			for name, v := range structured {
				values[name] = fmt.Sprint(v)
			}
		}
	}
	a.kind, a.Source, a.ID, a.Key = values["type"], values["source"], values["id"], string(s.Message.Key)
	if n, err := fmt.Sscan(values["revision"], &a.Revision); err != nil || n != 1 || a.Revision < 0 {
		a.Revision = 0
	}
	return a
}

// advice says what to do about a reason, which begins with an event.Code or is
// the engine's own sentence.
func advice(reason string) string {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(reason, p) })
	}
	switch code, _, _ := strings.Cut(reason, ":"); {
	case code == string(event.NotACloudEvent):
		return "have its producer send CloudEvents (docs/events.md), and send this one anew"
	case code == string(event.UnknownType):
		return "run a version that knows this type, then redrive it; or have its producer name a type that there is"
	case code == string(event.BadAttribute), code == string(event.BadData):
		return "correct its producer, and have it send the corrected event with the same revision; the document waits for that number"
	case has("one state holds one currency", "one state holds one ledger"):
		return "it came to the wrong shop's topics: correct its producer, and leave it here"
	case has("the state refuses the document"):
		return "the document has grown too large, or the database has a validation that it breaks: mend that, then redrive it"
	case has("panicked", "the rules of"):
		return "run a version of the function that can apply it, then redrive it"
	}
	return "mend what the reason says, then redrive it"
}

// Redrive publishes the original record of each letter again, as it was and
// where it was: functions that have applied it pass over it, the one that lacks it
// finds it missing. It can be repeated at any time. It returns how many it published.
func Redrive(ctx context.Context, c *records.Cluster, letters []Letter) (published int, err error) {
	wanted := map[string]bool{}
	for _, l := range letters {
		wanted[l.ID] = true
	}
	err = c.ReadDeadLetters(ctx, func(s records.StoredLetter) error {
		id := contentID(&s)
		if !wanted[id] {
			return nil
		}
		delete(wanted, id) // once, however often it was kept aside
		to := s.Origin
		if to.Offset < 0 {
			if to, err = place(ctx, c, &s); err != nil {
				return err
			}
		}
		if _, err := c.Produce(ctx, to.Topic, to.Partition, []event.Message{s.Message}); err != nil {
			return fmt.Errorf("redriving %s: %w; it may be there already, which does no harm: run it again", id, err)
		}
		published++
		return nil
	})
	return published, err
}

// place is where a record belongs whose trigger did not tell its place.
func place(ctx context.Context, c *records.Cluster, s *records.StoredLetter) (projection.Origin, error) {
	a := attributes(s)
	t, known := event.ParseType(a.kind)
	if !known {
		return projection.Origin{}, fmt.Errorf("redriving a record of the type %q: nobody knows where it stood, and the type does not say", a.kind)
	}
	name := c.Topics().Name(t.Topic())
	n, err := c.Partitions(ctx, name)
	if err != nil {
		return projection.Origin{}, err
	}
	if n == 0 {
		return projection.Origin{}, fmt.Errorf("%w: the topic %s does not exist on Kafka; run `comptoir migrate`", records.ErrTopic, name)
	}
	return projection.Origin{Topic: name, Partition: int32(event.Partition(string(s.Message.Key), n))}, nil
}

// Show returns the stored letters of one record, with their bytes. id may be
// shortened as long as it is one record's alone.
func Show(ctx context.Context, c *records.Cluster, id string) ([]records.StoredLetter, error) {
	var found []records.StoredLetter
	name := ""
	err := c.ReadDeadLetters(ctx, func(s records.StoredLetter) error {
		is := contentID(&s)
		if !strings.HasPrefix(is, id) {
			return nil
		}
		if name != "" && is != name {
			return fmt.Errorf("looking for the dead letter %s: %s and %s both begin so; write more of it", id, name, is)
		}
		name, found = is, append(found, s)
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("looking for the dead letter %s: there is none; `comptoir dead-letters list --settled` lists all", id)
	}
	return found, err
}
