// Command signin is what the page's sign-in is tested against: an OpenID Connect
// provider (the one of zitadel/oidc, a certified library), and a gate before the query
// API that lets in who has a token of it, as the JWT authorizer of an API gateway does.
//
//	signin --api http://127.0.0.1:8480 --redirect http://127.0.0.1:9000/index.html [--lifetime 5m]
//
// It prints ISSUER=… and GATE=…, and serves until its standard input ends. The user is
// test-user2, the password verysecure.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const clientID = "the-page"

func main() {
	api := flag.String("api", "", "the query API behind the gate")
	redirect := flag.String("redirect", "", "where the page is")
	lifetime := flag.Duration("lifetime", 5*time.Minute, "of a token")
	flag.Parse()
	if err := serve(*api, *redirect, *lifetime); err != nil {
		fmt.Fprintln(os.Stderr, "signin:", err)
		os.Exit(1)
	}
}

func serve(api, redirect string, lifetime time.Duration) error {
	behind, err := url.Parse(api)
	if err != nil {
		return err
	}
	provider, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	gate, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + provider.Addr().String()
	storage.RegisterClients(storage.NativeClient(clientID, redirect))
	users := brief{storage.NewStorage(storage.NewUserStore(issuer)), lifetime}
	failed := make(chan error, 3)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	go func() { failed <- http.Serve(provider, exampleop.SetupServer(issuer, users, log, false)) }()
	go func() { failed <- http.Serve(gate, guard(issuer, behind)) }()
	fmt.Printf("ISSUER=%s\nGATE=http://%s\n", issuer, gate.Addr())
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- err
	}()
	return <-failed
}

// guard lets requests pass that carry a token of the issuer for the page, still valid,
// and what browsers ask beforehand, which carries none.
func guard(issuer string, behind *url.URL) http.Handler {
	keys := rp.NewRemoteKeySet(http.DefaultClient, issuer+"/keys")
	verifier := op.NewAccessTokenVerifier(issuer, keys)
	api := httputil.NewSingleHostReverseProxy(behind)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if r.Method == http.MethodOptions {
			api.ServeHTTP(w, r)
			return
		}
		if ok {
			claims, err := op.VerifyAccessToken[*oidc.AccessTokenClaims](r.Context(), token, verifier)
			ok = err == nil && slices.Contains(claims.Audience, clientID)
		}
		if !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.Header().Set("Access-Control-Allow-Origin", "*")
			http.Error(w, `{"message":"Unauthorized"}`, http.StatusUnauthorized)
			return
		}
		r.Header.Del("Authorization")
		api.ServeHTTP(w, r)
	})
}

// brief is the provider's storage with tokens that are JWTs and end soon.
type brief struct {
	*storage.Storage
	lifetime time.Duration
}

func (b brief) CreateAccessToken(ctx context.Context, r op.TokenRequest) (string, time.Time, error) {
	id, _, err := b.Storage.CreateAccessToken(ctx, r)
	return id, time.Now().Add(b.lifetime), err
}

func (b brief) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, current string) (string, string, time.Time, error) {
	id, refresh, _, err := b.Storage.CreateAccessAndRefreshTokens(ctx, r, current)
	return id, refresh, time.Now().Add(b.lifetime), err
}

func (b brief) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := b.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return page{c}, nil
}

// page is a client whose tokens an API can check by itself.
type page struct{ op.Client }

func (page) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }
func (page) ApplicationType() op.ApplicationType { return op.ApplicationTypeUserAgent }
func (page) DevMode() bool                       { return true }
