package lambdatrigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"comptoir/shared/trigger/lambdatrigger"
)

const asked = `{"version":"2.0","routeKey":"$default","rawPath":"/prod/v1/product-winners","rawQueryString":"window=30d&q=caf%C3%A9&q=2",
	"cookies":["a=1","b=2"],"headers":{"host":"api.example","if-none-match":"\"x\"","accept":"a,b"},
	"requestContext":{"stage":"prod","domainName":"api.example","http":{"method":"GET","sourceIp":"192.0.2.1"}},"isBase64Encoded":false}`

func TestHTTP(t *testing.T) {
	h := lambdatrigger.HTTP{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodGet || r.URL.Path != "/v1/product-winners" || strings.Join(r.URL.Query()["q"], "|") != "café|2" ||
			r.Header.Get("If-None-Match") != `"x"` || r.Header.Get("Cookie") != "a=1; b=2" || r.Host != "api.example" || len(body) > 0 {
			t.Errorf("the request is %+v", r)
		}
		w.Header().Add("Vary", "Origin")
		w.Header().Add("Vary", "Accept")
		w.Header().Set("ETag", `"y"`)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(`{"name":"`))
		_, _ = w.Write([]byte(`café"}`))
	})}
	raw, err := h.Invoke(t.Context(), []byte(asked))
	if err != nil {
		t.Fatal(err)
	}
	var a events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	if a.StatusCode != http.StatusTeapot || a.Headers["Vary"] != "Origin, Accept" || a.Headers["Etag"] != `"y"` || a.Body != `{"name":"café"}` || a.IsBase64Encoded {
		t.Errorf("the answer is %s", raw)
	}
}

func TestHTTPOfBytes(t *testing.T) {
	h := lambdatrigger.HTTP{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0}) })}
	raw, err := h.Invoke(t.Context(), []byte(asked))
	if err != nil || !strings.Contains(string(raw), `"body":"/wA=","isBase64Encoded":true`) {
		t.Errorf("%s %v", raw, err)
	}
}

func TestHTTPRefusesWhatIsNoRequest(t *testing.T) {
	h := lambdatrigger.HTTP{Handler: http.NotFoundHandler()}
	for _, p := range []string{`{}`, `x`, `{"version":"1.0","httpMethod":"GET","path":"/"}`, payload("aws:kafka", `"headers":[]`)} {
		if raw, err := h.Invoke(t.Context(), []byte(p)); err == nil {
			t.Errorf("%s: %s", p, raw)
		}
	}
}

func TestTick(t *testing.T) {
	called := 0
	tick := lambdatrigger.Tick{Review: func(context.Context) error { called++; return nil }}
	for _, p := range []string{`{"source":"aws.events"}`, ``, `null`} {
		if raw, err := tick.Invoke(t.Context(), []byte(p)); err != nil || string(raw) != "null" {
			t.Errorf("%q: %s %v", p, raw, err)
		}
	}
	tick.Review = func(context.Context) error { return errors.New("the state is away") }
	if _, err := tick.Invoke(t.Context(), nil); err == nil || called != 3 {
		t.Errorf("%v after %d", err, called)
	}
}
