package deploy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestThePageIsUploadedAsBrowsersWantIt runs make deploy-page against a real store that
// speaks S3. What CloudFormation and CloudFront answer is made up here.
func TestThePageIsUploadedAsBrowsersWantIt(t *testing.T) {
	needsTools(t)
	store := os.Getenv("COMPTOIR_TEST_VERSITYGW")
	if store == "" {
		t.Skip("there is no S3 store to upload to: test/all deploy builds one")
	}
	const bucket = "comptoir-page"
	s3 := startStore(t, store, bucket)
	outputs := map[string]string{
		"PageBucket": bucket, "PageDistribution": "E2QWRUHEXAMPLE", "PageUrl": "https://page.example/",
		"JwtIssuer": "https://id.shop.example/shop", "JwtAudience": "comptoir", "SignInClientId": "comptoir-page", "SignInScope": "openid",
	}
	var invalidated string
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/xml")
		if strings.Contains(r.URL.Path, "/distribution/E2QWRUHEXAMPLE/invalidation") {
			invalidated = string(body)
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `<Invalidation><Id>I1</Id><Status>InProgress</Status></Invalidation>`)
			return
		}
		fmt.Fprint(w, `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>comptoir</StackName><Outputs>`)
		for key, value := range outputs {
			fmt.Fprintf(w, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", key, value)
		}
		fmt.Fprint(w, `</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`)
	}))
	defer aws.Close()
	dist := pageOf(t)
	out := output(t, map[string]string{
		"AWS_ENDPOINT_URL": aws.URL, "AWS_ENDPOINT_URL_S3": s3, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest",
		"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "COMPTOIR_PAGE": dist,
	}, "../../deploy/lambda/page.sh", "comptoir")
	if !strings.Contains(out, "https://page.example/") {
		t.Errorf("it does not say where the page is: %s", out)
	}
	if !strings.Contains(invalidated, "<Path>/index.html</Path>") {
		t.Errorf("CloudFront is not told that index.html is new: %s", invalidated)
	}
	for file, want := range map[string][2]string{
		"index.html":              {"text/html; charset=utf-8", "no-cache"},
		"assets/main-QIHGPNYD.js": {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
	} {
		header := output(t, s3Settings(), "../../deploy/lambda/sam.sh", "aws", "--endpoint-url", s3, "s3api", "head-object", "--bucket", bucket, "--key", file)
		var o struct{ ContentType, CacheControl string }
		if err := json.Unmarshal([]byte(header), &o); err != nil || o.ContentType != want[0] || o.CacheControl != want[1] {
			t.Errorf("%s is sent as %s, kept as %q (%v); want %v", file, o.ContentType, o.CacheControl, err, want)
		}
	}
	config := output(t, s3Settings(), "../../deploy/lambda/sam.sh", "aws", "--endpoint-url", s3, "s3", "cp", "s3://"+bucket+"/config.json", "-")
	var c map[string]string
	if err := json.Unmarshal([]byte(config), &c); err != nil || c["source"] != "api" || c["url"] != "." || c["issuer"] != outputs["JwtIssuer"] || c["client_id"] != "comptoir-page" || c["audience"] != "comptoir" {
		t.Errorf("config.json is %s (%v)", config, err)
	}
}

func s3Settings() map[string]string {
	return map[string]string{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest", "AWS_DEFAULT_REGION": "us-east-1"}
}

// pageOf is a page of the shape of admin/dist.
func pageOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"index.html": "<!doctype html>", "config.json": `{"source":"api","url":"."}`,
		"assets/main-QIHGPNYD.js": "export {}", "assets/icon-ac65de69.svg": "<svg/>",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// startStore starts a store that speaks S3, with a bucket, until the test ends.
func startStore(t *testing.T, program, bucket string) (url string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, bucket), 0o750); err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + freePort(t)
	cmd := exec.CommandContext(t.Context(), program, "--port", address, "--access", "test", "--secret", "testtest", "posix", "--sidecar", t.TempDir(), dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it ends with the test's context, and says so
	url = "http://" + address
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			return url
		}
		if time.Now().After(deadline) {
			t.Fatal("the store did not start within 20 s")
		}
	}
}
