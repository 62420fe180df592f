package accountant

import (
	"crypto/rand"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	sessionCookie = "comptoir-session"
	sessionLasts  = 12 * time.Hour
	// mostSessions and mostCallers bound what is remembered of who came.
	mostSessions, mostCallers = 1000, 1000
	// freeTries may fail at once; from then on each failure doubles the wait.
	freeTries   = 5
	longestWait = 5 * time.Minute
	// mostWaiting tries of a caller may wait for their turn.
	mostWaiting = 3
)

// door asks for the password and remembers who gave it. Sessions end with the process.
type door struct {
	hash []byte
	now  func() time.Time
	busy chan struct{} // one comparison at a time: each takes a core for a while

	mu       sync.Mutex
	sessions map[string]time.Time // until when
	callers  map[string]caller
}

type caller struct {
	failures int
	until    time.Time // not asked before
	waiting  int       // tries that are to be compared
}

func newDoor(hash string) *door {
	return &door{hash: []byte(hash), now: time.Now, busy: make(chan struct{}, 1), sessions: map[string]time.Time{}, callers: map[string]caller{}}
}

func (d *door) locked() bool { return len(d.hash) > 0 }

// open compares a password. wait is how long the caller has to wait before the next
// try. Tries at the same time are compared one after the other, and only a few of a
// caller wait for it: so they gain nothing, and keep nobody else waiting.
func (d *door) open(from, password string) (session string, wait time.Duration) {
	if wait := d.queue(from); wait > 0 {
		return "", wait
	}
	d.busy <- struct{}{}
	defer func() { <-d.busy }()
	if wait := d.turn(from); wait > 0 {
		return "", wait
	}
	right := bcrypt.CompareHashAndPassword(d.hash, []byte(password)) == nil
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if !right {
		c := d.callers[from]
		c.failures++
		if c.failures >= freeTries {
			c.until = now.Add(min(time.Second<<min(c.failures-freeTries, 10), longestWait))
		}
		d.note(from, c)
		return "", max(0, c.until.Sub(now))
	}
	delete(d.callers, from)
	for token, until := range d.sessions {
		if now.After(until) || len(d.sessions) >= mostSessions {
			delete(d.sessions, token)
		}
	}
	session = rand.Text()
	d.sessions[session] = now.Add(sessionLasts)
	return session, 0
}

// queue lets a caller wait for a comparison, unless it has to wait longer.
func (d *door) queue(from string) (wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, now := d.callers[from], d.now()
	if wait := c.until.Sub(now); wait > 0 {
		return wait
	}
	if c.waiting >= mostWaiting {
		return time.Second
	}
	c.waiting++
	d.note(from, c)
	return 0
}

// turn is the end of the waiting: others of the caller may have failed meanwhile.
func (d *door) turn(from string) (wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.callers[from]
	c.waiting = max(0, c.waiting-1)
	d.note(from, c)
	return max(0, c.until.Sub(d.now()))
}

func (d *door) note(from string, c caller) {
	if len(d.callers) >= mostCallers {
		d.callers = map[string]caller{} // who fills it with addresses gains a few tries
	}
	d.callers[from] = c
}

func (d *door) knows(session string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	until, ok := d.sessions[session]
	return ok && d.now().Before(until)
}

func (d *door) leave(session string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sessions, session)
}

// signedIn lets only those in who gave the password, where there is one.
func (a *App) signedIn(next http.Handler) http.Handler {
	if !a.door.locked() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie(sessionCookie)
		if strings.HasPrefix(r.URL.Path, "/assets/") || r.URL.Path == "/sign-in" || (err == nil && a.door.knows(c.Value)) {
			next.ServeHTTP(w, r)
			return
		}
		to := "/sign-in"
		if r.Method == http.MethodGet && r.Header.Get("Accept") != "application/json" {
			to = with(to, "to", r.URL.RequestURI())
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	})
}

func callerOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
