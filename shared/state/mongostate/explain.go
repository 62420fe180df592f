package mongostate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// place says where a database is, without user and password.
type place struct {
	hosts    []string
	database string
	tls      bool
	user     bool // the URI names one
}

func (p place) String() string {
	return fmt.Sprintf("MongoDB at %s (database %s)", strings.Join(p.hosts, ","), p.database)
}

// failed completes an error of the driver: what was being done, where, and what
// the reader can do. After a time-out other connections are not waited for either.
func (d *database) failed(doing string, err error) error {
	if mongo.IsTimeout(err) {
		d.sockets.endSilent(d.answer)
	}
	return fmt.Errorf("the state in %s: %s: %w", d.where, doing, d.where.explain(err))
}

// fault is an error of the driver in words of ours; the driver's own are long,
// and stay to be asked for with errors.Is and As.
type fault struct {
	says string
	err  error
}

func (f *fault) Error() string { return f.says }
func (f *fault) Unwrap() error { return f.err }

// Codes of whole commands that lead to a sentence.
var codes = map[int]string{
	13:    "its user may not do that: give it the role readWrite on the database (read, for the query function alone)",
	18:    "its user or password is wrong: correct them in MONGODB_URI, and authSource where the user is kept in another database",
	50:    "it took longer than its time-out: the server is overloaded, or timeoutMS in MONGODB_URI is too short; it is tried again",
	8000:  "its user or password is wrong: correct them in MONGODB_URI",
	10107: "this server takes no writes now: name all servers of the replica set in MONGODB_URI; it is tried again",
	13435: "this server takes no writes now: name all servers of the replica set in MONGODB_URI; it is tried again",
	14031: "its disk is full: free some space; nothing that was acknowledged is lost",
	11600: "the server is shutting down: it is tried again",
	11602: "the server is changing its primary: it is tried again",
	189:   "the server is changing its primary: it is tried again",
	91:    "the server is shutting down: it is tried again",
	64:    "a majority of the replica set did not confirm it in time, so it may or may not be done: look after its members; it is tried again",
}

// signs tell by the driver's words what was met on the way to the server, the
// most telling first: the driver has no type for most of these.
var signs = []struct{ text, says string }{
	{"AuthenticationFailed", "the user or password is wrong: correct them in MONGODB_URI, and authSource where the user is kept in another database"},
	{"Authentication failed", "the user or password is wrong: correct them in MONGODB_URI, and authSource where the user is kept in another database"},
	{"auth error", "the user is not let in: correct user, password and authMechanism in MONGODB_URI"},
	{"wire version", "the server is too old for this program: use MongoDB 4.4 or later"},
	{"certificate signed by unknown authority", "its TLS certificate is from an authority that this machine does not know: name that authority's file with tlsCAFile=… in MONGODB_URI"},
	{"x509: certificate is valid for", "its TLS certificate is for another name: use a host name in MONGODB_URI that the certificate has"},
	{"cannot validate certificate for", "its TLS certificate is for another name: use a host name in MONGODB_URI that the certificate has"},
	{"x509:", "its TLS certificate cannot be trusted: correct it, or tlsCAFile in MONGODB_URI"},
	{"first record does not look like a TLS handshake", "it does not speak TLS there: leave tls=true out of MONGODB_URI, or name its TLS port"},
	{"tls:", "TLS was not agreed on: compare tls, tlsCAFile and tlsCertificateKeyFile in MONGODB_URI with what the server wants"},
	{"no such host", "the host name is not known: correct MONGODB_URI"},
	{"connection refused", "nothing listens there: start the server, or correct host and port in MONGODB_URI"},
	{"connection reset", "it ended the connection"},
	{"EOF", "it ended the connection"},
	{"network is unreachable", "there is no way to it from this machine: look at the network, or correct MONGODB_URI"},
	{"i/o timeout", "it does not answer: start it, let it through the firewall, or correct MONGODB_URI"},
	{"server selection", "none of its servers can be used now: start it, or correct MONGODB_URI (replicaSet, directConnection)"},
}

func (p place) explain(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, mongo.ErrClientDisconnected) {
		return err
	}
	if e, ok := errors.AsType[mongo.ServerError](err); ok {
		for _, code := range e.ErrorCodes() {
			if code == 13 && !p.user {
				return &fault{"it wants a user: name one with its password in MONGODB_URI, as in mongodb://user:password@host/", err}
			}
			if says := codes[code]; says != "" {
				return &fault{says, err}
			}
		}
	}
	text := err.Error()
	for _, s := range signs {
		if !strings.Contains(text, s.text) {
			continue
		}
		says := s.says
		if says == "it ended the connection" {
			if p.tls {
				says += ": it may be restarting, or speak no TLS there (tls in MONGODB_URI)"
			} else {
				says += ": it may be restarting, or want TLS (tls=true in MONGODB_URI)"
			}
		}
		return &fault{says, err}
	}
	if mongo.IsTimeout(err) {
		return &fault{codes[50], err}
	}
	return err
}

// userinfo finds user and password of a URI, which may hold any character.
var userinfo = regexp.MustCompile(`^([a-z0-9+]+://)(.*)@`)

// masked returns an error about a URI without what the URI says of user and
// password: the driver quotes from it.
func masked(uri string, err error) error {
	parts := userinfo.FindStringSubmatch(uri)
	if parts == nil {
		return err
	}
	without := userinfo.ReplaceAllString(uri, "$1")
	if again := options.Client().ApplyURI(without).Validate(); again != nil {
		return again
	}
	if _, e := url.PathUnescape(parts[2]); e != nil || strings.ContainsAny(parts[2], "@/ ") || strings.Count(parts[2], ":") > 1 {
		return errors.New("the user or password holds a character that has another meaning in a URI: write : / ? # [ ] @ % as %3A %2F %3F %23 %5B %5D %40 %25")
	}
	return errors.New("what it says of the user does not fit: compare user, password, authMechanism and authSource with what the server wants")
}
