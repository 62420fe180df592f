package accountant

import (
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
)

// policy lets a page use its own origin and nothing else; no script stands in it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// guard refuses who asks under a foreign name, what another site sends, and,
// where there is a password, who has not given it.
func (a *App) guard(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(a.handle(func(r *request) error {
		return r.failedAs(http.StatusForbidden, r.say.T("That did not work"), r.say.T("This form was sent by another site, so nothing was recorded. Open the app itself and send it from there."))
	}))
	names := append([]string{"localhost"}, a.c.Hosts...)
	if host, err := os.Hostname(); err == nil {
		names = append(names, strings.ToLower(host), strings.ToLower(host)+".local")
	}
	inside := protection.Handler(a.signedIn(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !knownHost(r.Host, names) {
			// A page elsewhere may give its own name this machine's address.
			http.Error(w, speakerFor(r).T("The accountant's app does not answer under this name. Add it to ACCOUNTANT_HOSTS, or use the address that comptoir prints."), http.StatusMisdirectedRequest)
			return
		}
		inside.ServeHTTP(w, r)
	})
}

func knownHost(host string, names []string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return net.ParseIP(host) != nil || slices.Contains(names, host)
}

// Loopback tells whether an address is reached from this machine alone.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
