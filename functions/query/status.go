package query

import (
	"context"
	"slices"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
	"comptoir/shared/state"
)

// Status tells how far everything has come.
type Status struct {
	Version      string         `json:"version"`
	BusinessDate event.Date     `json:"business_date"`
	Today        event.Date     `json:"today"`
	Currency     money.Currency `json:"currency"`
	// Ledger is the source of the ledger that the state is of; "" before its first event.
	Ledger string `json:"ledger"`
	Epoch  int64  `json:"epoch"`
	// Filling: a rebuild was swapped in and has not brought the last events yet.
	Filling bool `json:"filling"`
	// Computed tells whether there is anything to show; Reason (nothing-ran,
	// no-documents, state-older) and Note say why not.
	Computed bool    `json:"computed"`
	Reason   *string `json:"reason"`
	Note     string  `json:"note,omitempty"`
	// HeartbeatAt is the time of the ledger's last heartbeat that came through;
	// null before the first.
	HeartbeatAt *time.Time `json:"heartbeat_at"`
	// AsOf is the least of the functions': all that was recorded before it is shown.
	AsOf *time.Time `json:"as_of"`
	// The sums of the functions'; a dead letter or a gap of several functions counts for each.
	Lag         *int64           `json:"lag"`
	Gaps        int64            `json:"gaps"`
	DeadLetters int64            `json:"dead_letters"`
	Functions   []FunctionStatus `json:"functions"`
}

// FunctionStatus tells how far one function has come.
type FunctionStatus struct {
	Name     string  `json:"name"`
	Computed bool    `json:"computed"`
	Reason   *string `json:"reason"`
	Note     string  `json:"note,omitempty"`
	// AsOf is the least of its streams; null where one of them has never been read.
	AsOf *time.Time `json:"as_of"`
	// Lag counts the events that are published and not applied; null without a heartbeat.
	Lag *int64 `json:"lag"`
	// Gaps counts the sequence numbers that were jumped over.
	Gaps        int64 `json:"gaps"`
	DeadLetters int64 `json:"dead_letters"`
	// RulesVersion is that of the rules in force; null before the function ran.
	RulesVersion *int64 `json:"rules_version"`
	// ReviewsDue counts the documents that the day has overtaken.
	ReviewsDue int64          `json:"reviews_due"`
	Streams    []StreamStatus `json:"streams"`
}

// StreamStatus tells how far a function has come with one stream, such as sales/3.
type StreamStatus struct {
	Stream string     `json:"stream"`
	AsOf   *time.Time `json:"as_of"`
	// Sequence is the last number of the ledger's that was applied, Published the
	// last that the heartbeat tells of; null where there is none.
	Sequence  int64  `json:"sequence"`
	Published *int64 `json:"published"`
	Lag       *int64 `json:"lag"`
	// Offset is the next one to be read on Kafka; -1 where it is not known.
	Offset int64 `json:"offset"`
	// LastEventAt is the time of the latest event that was applied.
	LastEventAt *time.Time `json:"last_event_at"`
	Records     int64      `json:"records"`
	Gaps        int64      `json:"gaps"`
	// Missing holds the ranges of the gaps, at most 20 of them.
	Missing     [][2]int64 `json:"missing"`
	DeadLetters int64      `json:"dead_letters"`
}

const (
	maxRanges    = 20
	reviewStream = "review"

	reasonNothingRan  = "nothing-ran"
	reasonNoDocuments = "no-documents"
	reasonOlder       = "state-older"
)

// Status tells how far the functions have come. An error is a *Problem, or that of the context.
func (s *Service) Status(ctx context.Context) (Status, error) {
	r, err := s.current(ctx)
	if err != nil {
		return Status{}, err
	}
	return s.status(ctx, r)
}

func (s *Service) status(ctx context.Context, r *reading) (Status, error) {
	has, err := s.hasDocuments(ctx, r)
	if err != nil {
		return Status{}, err
	}
	st := Status{
		Version: r.version, BusinessDate: r.day, Today: s.cfg.Today(), Currency: r.currency,
		Ledger: r.settings.Ledger, Epoch: r.settings.Epoch, Filling: r.settings.Filling, Functions: []FunctionStatus{},
	}
	beat := r.beat()
	if beat != nil {
		st.HeartbeatAt = instant(beat.Time)
	}
	var times []*time.Time
	var lags []*int64
	for _, f := range s.cfg.Functions {
		fs := r.function(&f, beat)
		fs.Computed = has[f.Name]
		if !fs.Computed {
			fs.Reason, fs.Note = r.why(f.Name)
		}
		st.Functions = append(st.Functions, fs)
		st.Gaps += fs.Gaps
		st.DeadLetters += fs.DeadLetters
		if f.Collection != heartbeats {
			st.Computed = st.Computed || fs.Computed
			times, lags = append(times, fs.AsOf), append(lags, fs.Lag)
		}
	}
	st.AsOf, st.Lag = least(times), total(lags)
	switch {
	case r.older != "":
		st.Reason, st.Note = ref(reasonOlder), olderState(r.older, r.version).Detail
	case !st.Computed:
		st.Reason, st.Note = r.why("")
	}
	return st, nil
}

// beat returns the heartbeat of the state's ledger, or nil.
func (r *reading) beat() *heartbeatDoc {
	for i := range r.heartbeats {
		if h := &r.heartbeats[i]; r.settings.Ledger == "" || h.ID == r.settings.Ledger {
			return h
		}
	}
	return nil
}

func (r *reading) function(f *Function, beat *heartbeatDoc) FunctionStatus {
	fs := FunctionStatus{Name: f.Name, ReviewsDue: r.due[f.Name], Streams: []StreamStatus{}}
	if rules, ok := r.settings.Rules[f.Name]; ok {
		fs.RulesVersion = ref(rules.Version)
	}
	streams := map[string]*checkpointDoc{}
	for i := range r.checkpoints {
		if c := &r.checkpoints[i]; c.Function == f.Name && c.Stream != reviewStream {
			streams[c.Stream] = c
		}
	}
	if beat != nil {
		for stream := range beat.Streams {
			topic, _, _ := strings.Cut(stream, "/")
			if streams[stream] == nil && slices.Contains(f.Topics, event.Topic(topic)) {
				streams[stream] = &checkpointDoc{Stream: stream, Offset: -1}
			}
		}
	}
	times, lags := make([]*time.Time, 0, len(streams)), make([]*int64, 0, len(streams))
	for stream, c := range streams {
		ss := r.stream(stream, c, beat)
		fs.Streams = append(fs.Streams, ss)
		fs.Gaps += ss.Gaps
		fs.DeadLetters += ss.DeadLetters
		times, lags = append(times, ss.AsOf), append(lags, ss.Lag)
	}
	slices.SortFunc(fs.Streams, func(a, b StreamStatus) int { return compareStreams(a.Stream, b.Stream) })
	fs.AsOf, fs.Lag = least(times), total(lags)
	return fs
}

func (r *reading) stream(name string, c *checkpointDoc, beat *heartbeatDoc) StreamStatus {
	ss := StreamStatus{
		Stream: name, Offset: c.Offset, LastEventAt: instant(c.Time), Records: c.Records,
		DeadLetters: c.DeadLetters, Gaps: missing(c.Sources), Missing: [][2]int64{},
	}
	for _, src := range c.Sources {
		if beat == nil || src.Source == beat.ID {
			ss.Sequence = max(ss.Sequence, src.Applied)
		}
		ss.Missing = append(ss.Missing, src.Missing...)
	}
	ss.Missing = ss.Missing[:min(len(ss.Missing), maxRanges)]
	ss.AsOf = ss.LastEventAt
	if beat == nil {
		return ss
	}
	if published, ok := beat.Streams[name]; ok {
		ss.Published, ss.Lag = ref(published), ref(max(0, published-ss.Sequence))
		if ss.Sequence >= published {
			ss.AsOf = instant(beat.Time)
		}
	}
	return ss
}

// compareStreams orders sales/2 before sales/10.
func compareStreams(a, b string) int {
	if len(a) != len(b) {
		topicA, _, _ := strings.Cut(a, "/")
		if topicB, _, _ := strings.Cut(b, "/"); topicA == topicB {
			return len(a) - len(b)
		}
	}
	return strings.Compare(a, b)
}

// instant returns a time in UTC, or nil for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return ref(t.UTC())
}

// least returns the least time; nil where there is none, or one is not known.
func least(times []*time.Time) *time.Time {
	var first *time.Time
	for _, t := range times {
		if t == nil {
			return nil
		}
		if first == nil || t.Before(*first) {
			first = t
		}
	}
	return first
}

// total adds up what is known; nil where nothing is.
func total(lags []*int64) *int64 {
	var sum *int64
	for _, n := range lags {
		if n == nil {
			continue
		}
		if sum == nil {
			sum = ref(int64(0))
		}
		*sum += *n
	}
	return sum
}

// hasDocuments tells of each function whether there is a document of it.
func (s *Service) hasDocuments(ctx context.Context, r *reading) (map[string]bool, error) {
	return r.documents.get(ctx, s.cfg.ReadTimeout, func(ctx context.Context) (map[string]bool, error) {
		has := map[string]bool{}
		for _, f := range s.cfg.Functions {
			docs, err := r.state.Find(ctx, f.Collection, state.Find{Limit: 1, Fields: []string{"version"}})
			if err = nothingYet(err); err != nil {
				return nil, unreachable(err)
			}
			has[f.Name] = len(docs) > 0
		}
		return has, nil
	})
}

// why says why a function, or all of them for "", has no documents.
func (r *reading) why(function string) (reason *string, note string) {
	ran := false
	for _, c := range r.checkpoints {
		if c.Function == function || (function == "" && !strings.HasPrefix(c.Stream, string(event.Heartbeats)+"/")) {
			ran = true
		}
	}
	if function == "" {
		if ran {
			return ref(reasonNoDocuments), "The functions have run, and no event that they use has come yet: record or import something."
		}
		return ref(reasonNothingRan), "Nothing has been computed yet: start the functions with `comptoir run`, and record or import something."
	}
	if ran {
		return ref(reasonNoDocuments), "The function " + function + " has run, and no event that it uses has come yet: record or import something."
	}
	return ref(reasonNothingRan), "The function " + function + " has not run yet: start the functions with `comptoir run`, and record or import something."
}

// note says why a list shows nothing.
func (r *reading) note(function string, hasDocuments bool, otherwise string) string {
	if hasDocuments {
		return otherwise
	}
	_, note := r.why(function)
	return note
}
