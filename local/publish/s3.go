package publish

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Bucket is a prefix in a bucket of an object store that speaks the S3 protocol.
// Every file in it is compressed and says so (Content-Encoding: gzip).
type Bucket struct {
	client       *minio.Client
	name, prefix string // the prefix is "" or ends with a slash
	endpoint     string
}

// scheme begins the address of a bucket.
const scheme = "s3://"

// IsBucket tells whether a user named a bucket, not a folder.
func IsBucket(address string) bool { return strings.HasPrefix(address, scheme) }

// OpenBucket reads an address such as s3://bucket/prefix. getenv gives the usual
// AWS_… variables; nothing is asked of the store yet.
func OpenBucket(address string, getenv func(string) string) (*Bucket, error) {
	name, prefix, _ := strings.Cut(strings.TrimPrefix(address, scheme), "/")
	prefix = strings.Trim(prefix, "/")
	if name == "" || strings.ContainsAny(address, "?#") || strings.Contains(prefix, "//") {
		return nil, fmt.Errorf("%s names no bucket: write s3://bucket or s3://bucket/prefix", address)
	}
	if prefix != "" {
		prefix += "/"
	}
	endpoint, lookup, err := endpointOf(getenv)
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(getenv)
	if err != nil {
		return nil, err
	}
	transport, err := minio.DefaultTransport(endpoint.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("preparing to reach %s: %w", endpoint, err)
	}
	transport.ResponseHeaderTimeout = 30 * time.Second
	transport.MaxIdleConnsPerHost = uploads
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: keys, Secure: endpoint.Scheme == "https", Transport: transport, BucketLookup: lookup,
		Region: first(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")), MaxRetries: 4,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing to reach %s: %w; see AWS_ENDPOINT_URL_S3", endpoint, err)
	}
	return &Bucket{client, name, prefix, endpoint.String()}, nil
}

// endpointOf returns where the store is. One that the environment names is asked
// with the bucket in the path, as not every store has a name of its own for each bucket.
func endpointOf(getenv func(string) string) (*url.URL, minio.BucketLookupType, error) {
	text := first(getenv("AWS_ENDPOINT_URL_S3"), getenv("AWS_ENDPOINT_URL"))
	if text == "" {
		return &url.URL{Scheme: "https", Host: "s3.amazonaws.com"}, minio.BucketLookupAuto, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, 0, fmt.Errorf("the endpoint %q is no address of an object store: write AWS_ENDPOINT_URL_S3 as https://host or http://host:port", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, minio.BucketLookupPath, nil
}

// keysOf returns who publishes: the keys in the environment, else those of the
// shared credentials file, else the role of the container.
func keysOf(getenv func(string) string) (*credentials.Credentials, error) {
	for _, role := range []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if getenv("AWS_ACCESS_KEY_ID") == "" && getenv(role) != "" {
			return credentials.NewIAM(""), nil
		}
	}
	if id, secret := getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" {
		return credentials.NewStaticV4(id, secret, getenv("AWS_SESSION_TOKEN")), nil
	}
	file := credentials.NewFileAWSCredentials(getenv("AWS_SHARED_CREDENTIALS_FILE"), getenv("AWS_PROFILE"))
	if v, err := file.GetWithContext(nil); err != nil || v.AccessKeyID == "" {
		return nil, fmt.Errorf("there are no credentials for the object store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials with AWS_PROFILE")
	}
	return file, nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func (b *Bucket) String() string { return strings.TrimSuffix(scheme+b.name+"/"+b.prefix, "/") }

// Get reads an object; its tag is its ETag.
func (b *Bucket) Get(ctx context.Context, name string) ([]byte, string, error) {
	o, err := b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, "", b.explain("reading "+name, err)
	}
	defer func() { _ = o.Close() }() // it was only read
	content, err := io.ReadAll(o)
	if err != nil {
		return nil, "", b.explain("reading "+name, err)
	}
	info, err := o.Stat()
	if err != nil {
		return nil, "", b.explain("reading "+name, err)
	}
	if bytes.HasPrefix(content, []byte{0x1f, 0x8b}) {
		if content, err = unpack(bytes.NewReader(content)); err != nil {
			return nil, "", b.explain("reading "+name, err)
		}
	}
	return content, info.ETag, nil
}

// List returns the names of all objects under the prefix.
func (b *Bucket) List(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var names []string
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, b.explain("listing", o.Err)
		}
		names = append(names, strings.TrimPrefix(o.Key, b.prefix))
	}
	return names, ctx.Err()
}

// Put puts an object.
func (b *Bucket) Put(ctx context.Context, f File) error {
	return b.put(ctx, f, minio.PutObjectOptions{})
}

// Swap puts an object if it still has the tag, where the store can tell.
func (b *Bucket) Swap(ctx context.Context, f File, tag string) error {
	var o minio.PutObjectOptions
	if tag == "" {
		o.SetMatchETagExcept("*")
	} else {
		o.SetMatchETag(tag)
	}
	err := b.put(ctx, f, o)
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotImplemented {
		return b.put(ctx, f, minio.PutObjectOptions{})
	}
	return err
}

func (b *Bucket) put(ctx context.Context, f File, o minio.PutObjectOptions) error {
	small, err := pack(f.Content)
	if err != nil {
		return fmt.Errorf("compressing %s: %w", f.Name, err)
	}
	o.ContentType, o.CacheControl, o.ContentEncoding = contentType(f.Name), cacheControl(f.Name), "gzip"
	o.DisableMultipart = true // an object is there as a whole or not at all either way
	// Without TLS the content would be signed in chunks, and some stores hand the name of
	// that on to readers as its encoding, which no browser knows. Its MD5 is signed instead.
	o.DisableContentSha256, o.SendContentMd5 = true, true
	_, err = b.client.PutObject(ctx, b.name, b.prefix+f.Name, bytes.NewReader(small), int64(len(small)), o)
	return b.explain("writing "+f.Name, err)
}

// Remove removes objects.
func (b *Bucket) Remove(ctx context.Context, names []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	objects := make(chan minio.ObjectInfo)
	go func() {
		defer close(objects)
		for _, name := range names {
			select {
			case objects <- minio.ObjectInfo{Key: b.prefix + name}:
			case <-ctx.Done():
				return
			}
		}
	}()
	for failed := range b.client.RemoveObjects(ctx, b.name, objects, minio.RemoveObjectsOptions{}) {
		return b.explain("removing "+strings.TrimPrefix(failed.ObjectName, b.prefix), failed.Err)
	}
	return ctx.Err()
}
