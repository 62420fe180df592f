package accountant

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"comptoir/local/ledger"
	"comptoir/shared/event"
)

const (
	whoCookie      = "comptoir-who"
	languageCookie = "comptoir-language"
	themeCookie    = "comptoir-theme"
	lettersCookie  = "comptoir-letters"
	savedSettings  = "/settings?saved=yes"
	remembered     = 400 * 24 * time.Hour // the most that browsers keep
)

// whoIs is the name under which the browser's entries are recorded.
func (a *App) whoIs(r *http.Request) string {
	if c, err := r.Cookie(whoCookie); err == nil {
		if name, err := url.QueryUnescape(c.Value); err == nil && name != "" && event.CheckID(name) == nil {
			return name
		}
	}
	return a.c.Who
}

func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

// lettersOf tells whether letters alone are keys. They can be switched off, as WCAG 2.1.4 asks.
func lettersOf(r *http.Request) bool {
	c, err := r.Cookie(lettersCookie)
	return err != nil || c.Value != "off"
}

func (r *request) remember(name, value string, lasts time.Duration) {
	http.SetCookie(r.w, &http.Cookie{
		Name: name, Value: url.QueryEscape(value), Path: "/", MaxAge: int(lasts.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}

func (a *App) settingsRoutes(page func(string, func(*request) error)) {
	page("GET /settings", func(r *request) error { return r.showSettings(http.StatusOK, r.blank(url.Values{})) })
	page("POST /settings", (*request).changeSettings)
	page("POST /seller", (*request).changeSeller)
	page("POST /close", (*request).closeBooks)
	page("POST /display", (*request).changeDisplay)
	page("GET /sign-in", func(r *request) error { return r.showSignIn(http.StatusOK, "") })
	page("POST /sign-in", (*request).signIn)
	page("POST /sign-out", (*request).signOut)
}

// settingsPage has the forms of a browser's settings and of the seller, and that which
// closes the books.
type settingsPage struct {
	*form
	ClosedThrough event.Date
	Saved         bool
}

func (r *request) showSettings(status int, f *form) error {
	counts, err := r.app.ledger.Counts(r.Context())
	if err != nil {
		return err
	}
	seller, err := r.app.ledger.Seller(r.Context())
	if err != nil {
		return err
	}
	// What was not sent stands as it is.
	for name, value := range map[string]string{
		"who": r.who, "seller_name": seller.Name, "seller_address": seller.Address, "seller_registration": seller.Registration, "seller_vat": seller.VAT,
	} {
		if !f.Has(name) {
			f.Set(name, value)
		}
	}
	return r.show(status, "settings", r.say.T("Settings"), settingsPage{f, counts.ClosedThrough, r.URL.Query().Has("saved")})
}

// changeSeller keeps who sells, for what is printed.
func (r *request) changeSeller() error {
	f := r.form()
	v := ledger.Seller{
		Name: f.text("seller_name"), Address: strings.ReplaceAll(f.text("seller_address"), "\r\n", "\n"), Registration: f.text("seller_registration"), VAT: f.text("seller_vat"),
	}
	err := r.app.ledger.Record(r.Context(), r.who, func(tx *ledger.Tx) error { return tx.SetSeller(v) })
	if err == nil {
		return r.redirect(savedSettings)
	}
	if err := f.refused(err, func(field string) string { return "seller_" + field }); err != nil {
		return err
	}
	return r.showSettings(http.StatusUnprocessableEntity, f)
}

// closeBooks closes them for good through a day, which is to be confirmed.
func (r *request) closeBooks() error {
	f := r.form()
	day := f.date("through")
	if f.Get("sure") != "yes" {
		f.fault("sure", r.say.T("Confirm it: closed books are not opened again."))
	}
	if f.good() {
		err := r.app.ledger.Record(r.Context(), r.who, func(tx *ledger.Tx) error { return tx.CloseThrough(day) })
		if err == nil {
			return r.redirect(savedSettings)
		}
		if err := f.refused(err, func(string) string { return "through" }); err != nil {
			return err
		}
	}
	return r.showSettings(http.StatusUnprocessableEntity, f)
}

func (r *request) changeSettings() error {
	f := r.form()
	name := strings.TrimSpace(f.Get("who"))
	if event.CheckID(name) != nil {
		f.fault("who", r.say.T("A name has 1 to 256 characters: it stands at every entry."))
		return r.showSettings(http.StatusUnprocessableEntity, f)
	}
	r.remember(whoCookie, name, remembered)
	if f.Get("letters") == "yes" {
		r.remember(lettersCookie, "", -time.Second)
	} else {
		r.remember(lettersCookie, "off", remembered)
	}
	return r.redirect(local(f.Get("to"), savedSettings))
}

// changeDisplay keeps language and theme in the browser that asks.
func (r *request) changeDisplay() error {
	if l := Language(r.PostForm.Get("language")); l.known() {
		r.remember(languageCookie, string(l), remembered)
	}
	switch theme := r.PostForm.Get("theme"); theme {
	case "light", "dark":
		r.remember(themeCookie, theme, remembered)
	case "system":
		r.remember(themeCookie, "", -time.Second)
	}
	return r.redirect(local(r.PostForm.Get("to"), "/"))
}

type signInPage struct{ To, Fault, Who string }

func (r *request) showSignIn(status int, fault string) error {
	return r.show(status, "sign-in", r.say.T("Sign in"), signInPage{To: local(r.FormValue("to"), "/"), Fault: fault, Who: r.who})
}

func (r *request) signIn() error {
	session, wait := r.app.door.open(callerOf(r.Request), r.PostForm.Get("password"))
	if session == "" {
		if wait > 0 {
			r.w.Header().Set("Retry-After", wholeSeconds(wait))
			return r.showSignIn(http.StatusTooManyRequests, r.say.T("Too many wrong passwords. Try again in %s s.", wholeSeconds(wait)))
		}
		return r.showSignIn(http.StatusUnprocessableEntity, r.say.T("That is not the password."))
	}
	r.remember(sessionCookie, session, sessionLasts)
	if name := strings.TrimSpace(r.PostForm.Get("who")); event.CheckID(name) == nil {
		r.remember(whoCookie, name, remembered)
	}
	return r.redirect(local(r.PostForm.Get("to"), "/"))
}

func (r *request) signOut() error {
	if c, err := r.Cookie(sessionCookie); err == nil {
		r.app.door.leave(c.Value)
	}
	r.remember(sessionCookie, "", -time.Second)
	return r.redirect("/sign-in")
}

// local is an address of this app, or the other one where it is none: nobody is
// sent elsewhere.
func local(to, otherwise string) string {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
		return otherwise
	}
	return to
}

func wholeSeconds(d time.Duration) string {
	return plainInt(int64((d + time.Second - 1) / time.Second))
}
