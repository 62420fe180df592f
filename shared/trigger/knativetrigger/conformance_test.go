package knativetrigger_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"comptoir/shared/records"
	"comptoir/shared/trigger/knativetrigger"
	"comptoir/shared/trigger/triggertest"
)

func TestConformance(t *testing.T) {
	triggertest.Run(t, triggertest.Kind{CheckpointsApart: true, Unplaced: true, Open: func(t *testing.T, b *triggertest.Bench) triggertest.Trigger {
		e := knativetrigger.NewEvents(knativetrigger.Config{Engine: b.Engine, Uses: b.Engine.Uses, Topics: b.Cluster.Topics().Map()})
		return &source{t: t, log: b.Records(t), acknowledged: map[string]int64{}, events: e, server: httptest.NewServer(e)}
	}})
}

// source is a KafkaSource: it posts the records of each partition one after the
// other, and waits for a status of 2xx before the next.
type source struct {
	t            *testing.T
	log          map[string][]records.Record
	events       *knativetrigger.Events
	server       *httptest.Server
	mu           sync.Mutex
	acknowledged map[string]int64
}

func (s *source) Bring(ctx context.Context) map[string]int64 {
	s.t.Helper()
	var running sync.WaitGroup
	for name, log := range s.log {
		running.Go(func() {
			at := s.at(name)
			for ; at < int64(len(log)) && s.post(ctx, name, &log[at]); at++ {
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.acknowledged[name] = at
		})
	}
	running.Wait()
	now := map[string]int64{}
	for name := range s.log {
		now[name] = s.at(name)
	}
	return now
}

func (s *source) at(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acknowledged[name]
}

func (s *source) post(ctx context.Context, name string, r *records.Record) (done bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.URL, bytes.NewReader(r.Message.Value))
	if err != nil {
		s.t.Error(err)
		return false
	}
	handOn(req.Header, name, r)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent && answer.StatusCode != http.StatusServiceUnavailable {
		s.t.Errorf("a record of the source is answered with %s", answer.Status)
	}
	return answer.StatusCode == http.StatusNoContent
}

// handOn writes the headers of the request in which a KafkaSource hands on a record.
func handOn(h http.Header, name string, r *records.Record) {
	kind := ""
	for _, x := range r.Message.Headers {
		if x.Key == "ce_specversion" || x.Key == "content-type" && strings.HasPrefix(string(x.Value), "application/cloudevents") {
			kind = "event"
		}
	}
	for _, x := range r.Message.Headers {
		switch extension, ours := strings.CutPrefix(x.Key, "ce_"); {
		case x.Key == "content-type":
			h.Set("Content-Type", string(x.Value))
		case ours:
			h.Set("Ce-"+extension, string(x.Value))
		case kind == "":
			h.Set("Ce-Kafkaheader"+x.Key, string(x.Value))
		}
	}
	if kind != "" {
		return
	}
	slash := strings.LastIndexByte(name, '/')
	for k, v := range map[string]string{
		"Specversion": "1.0", "Type": "dev.knative.kafka.event", "Time": "2011-12-09T08:00:00Z",
		"Source":  "/apis/v1/namespaces/shop/kafkasources/product-winners#" + name[:slash],
		"Id":      fmt.Sprintf("partition:%s/offset:%d", name[slash+1:], r.Offset),
		"Subject": fmt.Sprintf("partition:%s#%d", name[slash+1:], r.Offset),
	} {
		h.Set("Ce-"+k, v)
	}
	if len(r.Message.Key) > 0 {
		h.Set("Ce-Key", string(r.Message.Key))
	}
}

func (s *source) Close() {
	s.t.Helper()
	s.server.Close()
	if err := s.events.Close(context.Background()); err != nil {
		s.t.Error(err)
	}
}
