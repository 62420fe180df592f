package lambdatrigger

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// HTTP serves an http.Handler behind an HTTP API, payload format 2.0. It is
// lambda.Handler.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type HTTP struct{ Handler http.Handler }

// Invoke answers one request.
func (h HTTP) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var in events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, fmt.Errorf("reading the payload as a request of an HTTP API: %w", err)
	}
	if in.Version != "2.0" || in.RequestContext.HTTP.Method == "" {
		return nil, fmt.Errorf("the payload is no request of an HTTP API in payload format 2.0: its version is %q", in.Version)
	}
	work, cancel := early(ctx)
	defer cancel()
	r, err := request(work, &in)
	if err != nil {
		return nil, err
	}
	w := &response{header: http.Header{}}
	h.Handler.ServeHTTP(w, r)
	return json.Marshal(w.answer())
}

func request(ctx context.Context, in *events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(in.Body)
	if in.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(in.Body); err != nil {
			return nil, fmt.Errorf("reading the body of the request: %w", err)
		}
	}
	path := in.RawPath
	if stage := in.RequestContext.Stage; stage != "" && stage != "$default" {
		path = strings.TrimPrefix(path, "/"+stage)
	}
	if path == "" {
		path = "/"
	}
	if in.RawQueryString != "" {
		path += "?" + in.RawQueryString
	}
	r, err := http.NewRequestWithContext(ctx, in.RequestContext.HTTP.Method, path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	for name, value := range in.Headers {
		r.Header.Set(name, value) // one of several values is joined by the API already
	}
	if len(in.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(in.Cookies, "; "))
	}
	r.Host, r.RequestURI, r.RemoteAddr = in.RequestContext.DomainName, path, in.RequestContext.HTTP.SourceIP
	return r, nil
}

// response collects what a handler writes.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *response) answer() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}, Cookies: w.header.Values("Set-Cookie")}
	for name, values := range w.header {
		if name != "Set-Cookie" {
			out.Headers[name] = strings.Join(values, ", ")
		}
	}
	out.Body = w.body.String()
	if w.header.Get("Content-Encoding") != "" || !utf8.ValidString(out.Body) {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(w.body.Bytes()), true
	}
	return out
}
