package publish

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
)

// storeError is an error of a store as a user can use it. What the store answered
// stays behind it.
type storeError struct {
	sentence string
	cause    error
}

func (e *storeError) Error() string { return e.sentence }
func (e *storeError) Unwrap() error { return e.cause }

// explain says in a sentence what failed and what to do. errAbsent and errChanged
// are told from what failed.
func (b *Bucket) explain(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	said := minio.ToErrorResponse(err)
	var advice string
	var network net.Error
	var address *url.Error
	switch {
	case said.Code == "NoSuchKey":
		return errAbsent
	case said.Code == "PreconditionFailed", said.Code == "ConditionalRequestConflict":
		return errChanged
	case said.Code == "NoSuchBucket" && said.RequestID != "": // a store says so; of any other server the client concludes it
		return &storeError{fmt.Sprintf("there is no bucket %s at %s: create it, or name another (AWS_ENDPOINT_URL_S3 says where the store is)", b.name, b.endpoint), err}
	case said.Code == "InvalidAccessKeyId", said.Code == "SignatureDoesNotMatch", said.Code == "ExpiredToken", said.Code == "InvalidToken":
		return &storeError{fmt.Sprintf("%s refuses the credentials (%s): mend AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile that AWS_PROFILE names", b.endpoint, said.Code), err}
	case said.StatusCode == http.StatusForbidden:
		return &storeError{fmt.Sprintf("%s in %s: access denied: allow s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject under the prefix", doing, b), err}
	case errors.As(err, &network), errors.As(err, &address):
		advice = fmt.Sprintf("%s does not answer; see that it is the store's address (AWS_ENDPOINT_URL_S3) and that it runs", b.endpoint)
	case said.StatusCode >= http.StatusInternalServerError:
		advice = "the store has trouble of its own; try again"
	default:
		advice = fmt.Sprintf("%s answered what an object store does not; see that AWS_ENDPOINT_URL_S3 and AWS_REGION are right", b.endpoint)
	}
	what := err.Error()
	if strings.HasPrefix(what, "<") || len(what) > 300 { // a page for people, of a server that is no store
		what = fmt.Sprintf("HTTP status %d", said.StatusCode)
	}
	return &storeError{fmt.Sprintf("%s in %s: %s: %s", doing, b, what, advice), err}
}
