package accountant

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

func TestGuards(t *testing.T) {
	d := openDesk(t, func(c *Config) { c.Hosts = []string{"books.shop.example"} })
	p := d.get("/sales/new")
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
	} {
		if !strings.HasPrefix(p.header.Get(name), want) {
			t.Errorf("%s is %q, want %q", name, p.header.Get(name), want)
		}
	}
	if strings.Contains(p.body, "<style") || strings.Contains(p.body, "style=") || strings.Contains(p.body, "onclick") {
		t.Error("the page has styles or scripts in it, which its own policy refuses")
	}
	form := url.Values{"key": {"k"}, "date": {today}, "product": {"TEA"}}
	for _, c := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"another site's form", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"another site's form, by an old browser", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"a page of another port of this machine", []string{"Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"a foreign name for this address", []string{"Host", "evil.example"}, http.StatusMisdirectedRequest},
		{"a name that was allowed", []string{"Host", "books.shop.example"}, http.StatusOK},
		{"its own form", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusOK},
	} {
		before := d.counts().Invoices
		form.Set("key", c.name)
		d.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got := d.do(http.MethodPost, "/sales/new", form, c.headers...).status
		recorded := d.counts().Invoices - before
		if want := c.status == http.StatusOK; (got == http.StatusSeeOther) != want || (!want && got != c.status) || (recorded == 1) != want {
			t.Errorf("%s: answered %d and recorded %d", c.name, got, recorded)
		}
	}
	for _, host := range []string{"localhost:1", "127.0.0.1", "[::1]:8481", "192.168.0.7:80"} {
		if p := d.do(http.MethodGet, "/entries", nil, "Host", host); p.status != http.StatusOK {
			t.Errorf("asked for as %s it answers %d", host, p.status)
		}
	}
	for address, want := range map[string]bool{"127.0.0.1:8481": true, "localhost:8481": true, "[::1]:8481": true, "0.0.0.0:8481": false, ":8481": false, "192.168.0.7:8481": false, "x": false} {
		if Loopback(address) != want {
			t.Errorf("%s is loopback: %v", address, !want)
		}
	}
}

func TestPassword(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	d := openDesk(t, func(c *Config) { c.PasswordHash = string(hash) })
	p := d.get("/entries?kind=void")
	d.want(p, http.StatusOK, "Password", "Sign in")
	if p.at != "/sign-in?to=%2Fentries%3Fkind%3Dvoid" {
		t.Errorf("who is not signed in is sent to %s", p.at)
	}
	d.do(http.MethodPost, "/sales/new", url.Values{"key": {"k"}, "date": {today}, "product": {"TEA"}})
	if n := d.counts().Invoices; n != 0 {
		t.Errorf("%d sales were recorded without the password", n)
	}
	d.want(d.do(http.MethodPost, "/sign-in", url.Values{"password": {"wrong"}}), http.StatusUnprocessableEntity, "That is not the password.")
	p = d.do(http.MethodPost, "/sign-in", url.Values{"password": {"correct horse"}, "who": {"Zoë"}, "to": {"//evil.example/"}})
	d.want(p, http.StatusOK, "New sale", "Zoë")
	d.want(d.send("/sales/new", "date", today, "product", "TEA"), http.StatusOK, "INV-000001 is recorded.")
	d.want(d.get("/entries/7"), http.StatusOK, "recorded by Zoë")
	d.do(http.MethodPost, "/sign-out", url.Values{})
	d.want(d.get("/entries"), http.StatusOK, "Sign in")
	// Guessing is slow.
	for range freeTries {
		p = d.do(http.MethodPost, "/sign-in", url.Values{"password": {"guess"}})
	}
	d.want(p, http.StatusTooManyRequests, "Too many wrong passwords.")
	d.want(d.do(http.MethodPost, "/sign-in", url.Values{"password": {"correct horse"}}), http.StatusTooManyRequests, "Try again in 1 s.")
}

// openDoor is a door with the password "right" and a clock.
func openDoor(t *testing.T, now *time.Time) *door {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(string(hash))
	d.now = func() time.Time { return *now }
	return d
}

func TestDoor(t *testing.T) {
	now := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	d := openDoor(t, &now)
	var waits []time.Duration
	for range 8 {
		_, wait := d.open("a", "wrong")
		waits = append(waits, wait)
		now = now.Add(wait)
	}
	if waits[3] != 0 || waits[4] != time.Second || waits[7] != 8*time.Second {
		t.Errorf("the waits are %v", waits)
	}
	session, _ := d.open("a", "right")
	if !d.knows(session) {
		t.Fatal("who has the password does not get in")
	}
	if _, wait := d.open("a", "wrong"); wait != 0 {
		t.Errorf("after the right one a failure waits %s", wait)
	}
	now = now.Add(sessionLasts)
	if d.knows(session) || d.knows("") {
		t.Error("a session lasts for ever")
	}
}

// Whoever tries many passwords at the same time has no more tries than one after the other.
func TestDoorInParallel(t *testing.T) {
	now := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	d := openDoor(t, &now)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { d.open("a", "wrong") })
	}
	all.Wait()
	if c := d.callers["a"]; c.failures > freeTries || c.waiting != 0 {
		t.Errorf("%d wrong passwords were compared at once, and %d still wait", c.failures, c.waiting)
	}
	// While one is being compared, a caller's fourth is refused at once, and another caller's is not.
	d = openDoor(t, &now)
	d.callers["a"] = caller{failures: freeTries - 1}
	d.busy <- struct{}{}
	ended := make(chan time.Duration, mostWaiting)
	for range mostWaiting {
		go func() { _, wait := d.open("a", "wrong"); ended <- wait }()
	}
	for deadline := time.Now().Add(10 * time.Second); d.waiting("a") < mostWaiting; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the tries do not wait")
		}
	}
	if _, wait := d.open("a", "right"); wait != time.Second {
		t.Errorf("one more waits %s", wait)
	}
	if wait := d.queue("b"); wait != 0 {
		t.Errorf("another caller waits %s", wait)
	}
	<-d.busy
	for range mostWaiting {
		<-ended
	}
	if n := d.callers["a"].failures; n != freeTries {
		t.Errorf("the caller has %d failures, and the others were to wait", n)
	}
}

func (d *door) waiting(from string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.callers[from].waiting
}
