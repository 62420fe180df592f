package accountant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"comptoir/local/ledger"
)

// request is one question to the app, with who asks and in which language.
type request struct {
	*http.Request
	app  *App
	w    http.ResponseWriter
	say  *speaker
	who  string
	look string // light, dark or "" for the system's
	// letters: those without Ctrl or Alt are keys.
	letters bool
}

// mostForm bounds what a form may weigh.
const mostForm = 1 << 20

// handle makes a handler of a page. Its error is told to the reader, and logged
// where it is the machine's.
func (a *App) handle(f func(*request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := &request{Request: hr, app: a, w: w, say: speakerFor(hr), who: a.whoIs(hr), look: themeOf(hr), letters: lettersOf(hr)}
		if hr.Method == http.MethodPost && !strings.HasPrefix(hr.Header.Get("Content-Type"), "multipart/") {
			hr.Body = http.MaxBytesReader(w, hr.Body, mostForm)
			if err := hr.ParseForm(); err != nil {
				r.failed(http.StatusBadRequest, r.say.T("The form could not be read. Send it again."))
				return
			}
		}
		if err := f(r); err != nil {
			if hr.Context().Err() != nil || errors.Is(err, context.Canceled) {
				return // nobody is there to be told
			}
			a.c.Log.Error("accountant: a page failed", "page", hr.URL.Path, "error", err)
			r.broken(err)
		}
	})
}

// view is what the layout of a page needs.
type view struct {
	*speaker
	Page     string // names the template and the place in the navigation
	Title    string
	Who      string
	Look     string
	Letters  bool // without Ctrl or Alt they are keys
	SignedIn bool
	Manager  string
	Script   string
	Style    string
	Icon     string
	Here     string
	Notice   string
	Data     any
}

// show answers a page. Nothing is sent before all of it is made.
func (r *request) show(status int, page, title string, data any) error {
	v := view{
		speaker: r.say, Page: page, Title: title, Who: r.who, Look: r.look, Letters: r.letters, SignedIn: r.app.door.locked(), Script: r.app.assets.script,
		Style: r.app.assets.style, Icon: r.app.assets.icon, Here: r.URL.RequestURI(), Data: data,
	}
	if r.app.c.Manager != nil {
		v.Manager = r.app.c.Manager()
	}
	var b bytes.Buffer
	if err := r.app.templates[r.say.Language].ExecuteTemplate(&b, "layout", v); err != nil {
		return fmt.Errorf("making the page %s: %w", page, err)
	}
	r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.w.WriteHeader(status)
	_, _ = b.WriteTo(r.w) // who left needs no answer
	return nil
}

// redirect answers a form that was recorded: a reload then asks, and sends nothing again.
func (r *request) redirect(to string) error {
	http.Redirect(r.w, r.Request, to, http.StatusSeeOther)
	return nil
}

func (r *request) missing() error {
	return r.failedAs(http.StatusNotFound, r.say.T("There is no such page"), r.say.T("The address may be wrong, or the entry is not in this ledger."))
}

// failedPage says what did not work, and what to do.
type failedPage struct {
	Text  string
	Cause string // as a program says it; "" for none
}

func (r *request) failed(status int, text string) {
	if err := r.failedAs(status, r.say.T("That did not work"), text); err != nil {
		http.Error(r.w, text, status)
	}
}

func (r *request) failedAs(status int, title, text string) error {
	return r.show(status, "failed", title, failedPage{Text: text})
}

// broken says that the machine failed: what to do first, then the cause for who looks after it.
func (r *request) broken(cause error) {
	text := r.say.failure(cause)
	if text == "" {
		text = r.say.T("Something failed on the computer on which Comptoir runs. Try again in a moment. If it stays so, show the cause below to whoever looks after it.")
	}
	if r.Method == http.MethodPost {
		text += " " + r.say.T("A form can be sent again: it is recorded once.")
	}
	if err := r.show(http.StatusInternalServerError, "failed", r.say.T("That did not work"), failedPage{text, cause.Error()}); err != nil {
		http.Error(r.w, text, http.StatusInternalServerError)
	}
}

// with is a local address with a query.
func with(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// otherFormError says that the key of a form was taken by one that was filled in otherwise.
type otherFormError struct{ entry int64 }

func (e *otherFormError) Error() string {
	return "entry " + plainInt(e.entry) + " has the key of the form"
}

// record runs do in a transaction of the ledger under the key of the form: where the
// very same form was recorded already, do is not called. It returns the entry that the
// form became, and whether it had become that before. Where another form was recorded
// under that key, the error says so, and the form has its fault and a new key.
func (r *request) record(f *form, do func(*ledger.Tx) (entry int64, err error)) (entry int64, again bool, err error) {
	err = r.app.ledger.Record(r.Context(), r.who, func(tx *ledger.Tx) error {
		before, ok, err := tx.Submitted(f.Key)
		if err != nil {
			return err
		}
		if ok && before.Content != "" && before.Content != f.content {
			return &otherFormError{before.Entry}
		}
		if entry, again = before.Entry, ok; again {
			return nil
		}
		if entry, err = do(tx); err != nil {
			return err
		}
		return tx.Submit(f.Key, ledger.Submission{Entry: entry, Content: f.content})
	})
	var other *otherFormError
	if errors.As(err, &other) {
		e, _, readErr := r.app.ledger.Entry(r.Context(), other.entry)
		if readErr != nil {
			return 0, false, readErr
		}
		f.differsFrom(e)
	}
	if err == nil {
		r.app.c.Wake()
	}
	return entry, again, err
}
