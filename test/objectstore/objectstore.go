// Package objectstore starts a real object store for tests: the Versity S3
// Gateway over a folder, with its website hosting.
package objectstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// Version is the release that `test/all publish` builds.
const Version = "v1.8.0"

const access, secret, region = "the-shop", "the-shops-secret", "us-east-1"

// Store is a store that runs until its test ends.
type Store struct {
	// Endpoint is the address of the S3 API.
	Endpoint string
	website  string // host:port of the websites
	client   *minio.Client
	gateway  string
	args     []string
	cmd      *exec.Cmd
	log      bytes.Buffer
}

// Start starts a store, or skips the test where the gateway was not built.
func Start(t testing.TB) *Store {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	gateway := filepath.Join(cache, "comptoir", "bin", "versitygw-"+Version)
	if _, err := os.Stat(gateway); err != nil {
		t.Skip("the object store is not built: run `test/all publish`")
	}
	s := &Store{Endpoint: "http://" + freeAddress(t), website: freeAddress(t), gateway: gateway}
	dir := t.TempDir()
	for _, sub := range []string{"data", "meta", "iam"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.args = []string{
		"--quiet", "--port", strings.TrimPrefix(s.Endpoint, "http://"), "--access", access, "--secret", secret, "--region", region,
		"--website", s.website, "--website-domain", "localhost", "--iam-dir", filepath.Join(dir, "iam"),
		"posix", "--sidecar", filepath.Join(dir, "meta"), filepath.Join(dir, "data"),
	}
	s.client, err = minio.New(strings.TrimPrefix(s.Endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(access, secret, ""), Region: region, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("the object store said:\n%s", s.log.String())
		}
	})
	s.Run(t)
	return s
}

// Run starts a store that was stopped, with what it held.
func (s *Store) Run(t testing.TB) {
	t.Helper()
	s.cmd = exec.CommandContext(context.Background(), s.gateway, s.args...) //nolint:gosec // the test's own
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err := s.client.ListBuckets(context.Background())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the object store does not answer: %v", err)
		}
	}
}

// Stop kills the store.
func (s *Store) Stop() {
	_ = s.cmd.Process.Kill() // how it ends does not matter
	_ = s.cmd.Wait()
}

// Stranger makes a user who may do nothing in the buckets, and returns what such a
// publisher has in its environment.
func (s *Store) Stranger(t testing.TB) map[string]string {
	t.Helper()
	const id, word = "a-stranger", "a-strangers-secret"
	cmd := exec.CommandContext(context.Background(), s.gateway, "admin", //nolint:gosec // the test's own
		"--access", access, "--secret", secret, "--region", region,
		"--endpoint-url", s.Endpoint, "create-user", "--access", id, "--secret", word, "--role", "user")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making a user of the store: %v\n%s", err, out)
	}
	env := s.Environment()
	env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"] = id, word
	return env
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Bucket makes a bucket that anybody may read, and a website of it. It returns the
// website's address, which browsers find by themselves: names under localhost are
// this machine's.
func (s *Store) Bucket(t testing.TB, name string) (website string) {
	t.Helper()
	ctx := context.Background()
	if err := s.client.MakeBucket(ctx, name, minio.MakeBucketOptions{Region: region}); err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}`, name)
	if err := s.client.SetBucketPolicy(ctx, name, policy); err != nil {
		t.Fatal(err)
	}
	const site = `<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>`
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.Endpoint+"/"+name+"?website=", strings.NewReader(site))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(site))
	req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	res, err := http.DefaultClient.Do(signer.SignV4(*req, access, secret, "", region))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("making a website of %s: %s", name, res.Status)
	}
	_, port, _ := net.SplitHostPort(s.website)
	return "http://" + name + ".localhost:" + port + "/"
}

// Environment returns what a publisher needs to know of the store, as it finds
// it in its environment.
func (s *Store) Environment() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL_S3": s.Endpoint, "AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": region,
	}
}

// Client is an HTTP client that finds websites as browsers do, and leaves what it
// gets as it came.
func (s *Store) Client() *http.Client {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.website)
	}
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: dial, DisableCompression: true}}
}
