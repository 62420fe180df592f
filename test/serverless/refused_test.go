package serverless

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/records"
	"comptoir/shared/trigger/lambdatrigger"
	"comptoir/shared/trigger/lambdatrigger/lambdatest"
	"comptoir/test/serverless/runtimeapi"
)

// nowhere are settings of servers that do not answer.
var nowhere = map[string]string{
	"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9", "MONGODB_URI": "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200", "CURRENCY": "GBP",
}

// Wrong and missing settings are all named at once, and the program ends.
func TestSettingsAreRefusedAtOnce(t *testing.T) {
	for _, c := range []struct {
		binary string
		env    map[string]string
		says   []string
	}{
		{bootstrap, nil, []string{"FUNCTION is not set", "product-winners", "review", "KAFKA_BOOTSTRAP_SERVERS is not set", "MONGODB_URI is not set", "CURRENCY is not set"}},
		{bootstrap, map[string]string{"FUNCTION": "dead-letters"}, []string{"FUNCTION=dead-letters is no function"}},
		{bootstrap, map[string]string{"FUNCTION": "query"}, []string{"MONGODB_URI is not set"}},
		{knative, map[string]string{"FUNCTION": "dead-letters"}, []string{"KAFKA_BOOTSTRAP_SERVERS is not set"}},
		{knative, map[string]string{"FUNCTION": "freshness", "PORT": "http", "CURRENCY": "POUNDS"}, []string{"PORT=http", "CURRENCY=POUNDS", "MONGODB_URI is not set"}},
	} {
		cmd := exec.CommandContext(t.Context(), c.binary)
		cmd.Env = environment(c.env, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9")
		out, err := cmd.CombinedOutput()
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%v: %v", c.env, err)
		}
		for _, says := range c.says {
			if !strings.Contains(string(out), says) {
				t.Errorf("%v does not say %q:\n%s", c.env, says, out)
			}
		}
		if c.env["FUNCTION"] == "query" && strings.Contains(string(out), "KAFKA") {
			t.Errorf("the query has no use for Kafka:\n%s", out)
		}
	}
}

func oneRecord() []byte {
	return lambdatest.Payload(map[string][]records.Record{"sales-3": {{Offset: 41, Message: event.Message{Key: []byte("k"), Value: []byte("no event")}}}})
}

// With its servers away the bootstrap claims nothing, in time, and lives on.
func TestTheBootstrapWithoutItsServers(t *testing.T) {
	var out text
	f, err := runtimeapi.Start(bootstrap, environment(nowhere, "FUNCTION=product-winners"), &out)
	must(t, err)
	defer f.Close()
	raw, err := f.Invoke(oneRecord(), 2*time.Second, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.tail())
	}
	var a lambdatrigger.Answer
	must(t, json.Unmarshal(raw, &a))
	if len(a.BatchItemFailures) != 1 || a.BatchItemFailures[0].ItemIdentifier != (lambdatrigger.Item{Partition: "sales-3", Offset: 41}) {
		t.Errorf("%s", raw)
	}
	if !out.says("127.0.0.1:9") {
		t.Errorf("it does not say which server is away:\n%s", out.tail())
	}
	for name, payload := range map[string]string{"no Kafka event": `{"version":"2.0"}`, "broken base64": strings.Replace(string(oneRecord()), `"value":"`, `"value":"=`, 1)} {
		fault := (*runtimeapi.FaultError)(nil)
		if raw, err := f.Invoke([]byte(payload), 2*time.Second, nil); !errors.As(err, &fault) {
			t.Errorf("%s: %s %v", name, raw, err)
		}
	}
	if _, err := f.Invoke(oneRecord(), 2*time.Second, nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// With its servers away the server lives, is not ready, and answers 503.
func TestTheServerWithoutItsServers(t *testing.T) {
	for function, away := range map[string]string{"product-winners": "127.0.0.1:9", "query": "127.0.0.1:9", "review": "127.0.0.1:9", "dead-letters": "127.0.0.1:9"} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			s := &service{t: t, port: freePort(t)}
			s.server = start(t, knative, environment(nowhere, "FUNCTION="+function, "PORT="+s.port, "EVENT_PATIENCE=0s", "SHUTDOWN_GRACE=5s"))
			s.eventually("it lives", func() bool { return s.probe("/healthz") == http.StatusOK })
			r, err := http.Get(s.url("/readyz"))
			must(t, err)
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			must(t, err)
			if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), away) {
				t.Errorf("readiness: %s %s", r.Status, body)
			}
			if function == "query" {
				if status := s.probe("/v1/status"); status != http.StatusServiceUnavailable {
					t.Errorf("status: %d", status)
				}
			} else {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url("/"), strings.NewReader("{}"))
				must(t, err)
				for name, value := range map[string]string{"Ce-Specversion": "1.0", "Ce-Id": "1", "Ce-Source": "/x", "Ce-Type": "comptoir.product.sold", "Content-Type": "application/json"} {
					req.Header.Set(name, value)
				}
				r, err := http.DefaultClient.Do(req)
				must(t, err)
				defer r.Body.Close()
				if r.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("an event: %s", r.Status)
				}
			}
			s.server.end()
		})
	}
}
