package serverless

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"comptoir/shared/projection"
	"comptoir/test/harness"
)

// adapterConfig is what an adapter of v0.40 needs to be told where the Kafka is 4 or
// later: without a retention it commits offsets by a version of the protocol that
// is no longer answered, and so never.
const adapterConfig = `{"SaramaYamlString":"Consumer:\n  Offsets:\n    Retention: 604800000000000\n"}`

// service is a function's server with the source in front of it.
type service struct {
	t        *testing.T
	function projection.Function
	port     string
	env      []string
	server   *process
	source   *process
	group    string
}

func (s *service) url(path string) string { return "http://127.0.0.1:" + s.port + path }

// serve starts the server, and waits until it is ready.
func (s *service) serve() {
	s.t.Helper()
	s.server = start(s.t, knative, s.env)
	s.eventually("the server is ready", func() bool { return s.probe("/readyz") == http.StatusOK })
}

func (s *service) probe(path string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url(path), http.NoBody)
	must(s.t, err)
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	return r.StatusCode
}

const patience = 10 * time.Minute

func (s *service) eventually(what string, f func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.server.ended:
			s.t.Fatalf("the server of %s has ended before %s:\n%s", s.function.Name, what, s.server.out.tail())
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: it never came to be: %s\n%s", s.function.Name, what, s.server.out.tail())
		}
	}
}

// done counts the records that the source has committed.
func (s *service) done(k *shopKafka) int64 {
	s.t.Helper()
	ask := map[string][]int{}
	for _, topic := range k.names(&s.function) {
		for p := range k.log[topic] {
			ask[topic] = append(ask[topic], p)
		}
	}
	r, err := k.cluster.Client().OffsetFetch(s.t.Context(), &kafka.OffsetFetchRequest{GroupID: s.group, Topics: ask})
	must(s.t, err)
	var n int64
	for _, partitions := range r.Topics {
		for _, p := range partitions {
			n += max(0, p.CommittedOffset)
		}
	}
	return n
}

// onKnative has the receive adapter of KafkaSource bring all that lies on Kafka to
// the server of each function. Each is killed in the middle and started again, loses
// its state for a while, and is told to end and started again.
func onKnative(t *testing.T, shop map[string]string, k *shopKafka) map[string]string {
	t.Helper()
	settings := with(shop, "MONGODB_DATABASE", database(shop, "knative"))
	t.Cleanup(func() { must(t, harness.DropDatabase(settings)) })
	uri, state := between(t, settings["MONGODB_URI"])
	var all []*service
	for _, f := range analytics() {
		s := &service{t: t, function: f, port: freePort(t), group: settings["KAFKA_GROUP_PREFIX"] + "knative-" + f.Name}
		s.env = environment(with(settings, "FUNCTION", f.Name, "PORT", s.port, "MONGODB_URI", uri+"?serverSelectionTimeoutMS=500"))
		s.serve()
		s.source = start(t, kafkasource, environment(map[string]string{
			"K_SINK": s.url(""), "NAMESPACE": "shop", "NAME": f.Name, "KAFKA_BOOTSTRAP_SERVERS": settings["KAFKA_BOOTSTRAP_SERVERS"],
			"KAFKA_TOPICS": strings.Join(k.names(&f), ","), "KAFKA_CONSUMER_GROUP": s.group, "KAFKA_INITIAL_OFFSET": "earliest",
			"K_KAFKA_CONFIG": adapterConfig,
		}))
		all = append(all, s)
	}
	began := time.Now()
	busiest := all[0]
	total := int64(k.count(&busiest.function))
	at := func(share int64, what string, f func()) {
		busiest.eventually(what, func() bool { return busiest.done(k) >= total*share/100 })
		t.Logf("Knative, %.1f s: %d of %d records of %s: %s", time.Since(began).Seconds(), busiest.done(k), total, busiest.function.Name, what)
		f()
	}
	at(20, "the servers are killed", func() {
		for _, s := range all {
			s.server.kill()
			s.serve()
		}
	})
	at(40, "the state is away", func() {
		state.set(true)
		if busiest.eventually("the server is not ready", func() bool { return busiest.probe("/readyz") == http.StatusServiceUnavailable }); busiest.probe("/healthz") != http.StatusOK {
			t.Error("while its state is away the server does not live")
		}
		time.Sleep(10 * time.Second)
		state.set(false)
	})
	at(60, "the servers are told to end", func() {
		for _, s := range all {
			s.server.end()
			s.serve()
		}
	})
	again := map[string]int64{} // by topic
	complete := func() {
		for _, s := range all {
			n := int64(k.count(&s.function))
			for _, topic := range k.names(&s.function) {
				n += again[topic]
			}
			s.eventually("everything is committed", func() bool { return s.done(k) >= n })
			t.Logf("Knative, %.1f s: %s has all of %d records", time.Since(began).Seconds(), s.function.Name, n)
		}
	}
	complete()
	time.Sleep(3 * time.Second) // checkpoints are written once a second
	// What no checkpoint had noted when the servers were killed shows as gaps, or as
	// not read yet where it was the end of a stream. Publishing it again closes both.
	again = k.publishAgain(t, k.unclaimed(t, settings))
	t.Logf("published again, for the checkpoints that were lost: %v", again)
	complete()
	for _, s := range all {
		s.server.end() // the last checkpoints are written
		s.source.kill()
	}
	return settings
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	return fmt.Sprint(port)
}
