package accountant

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed web/dist templates
var files embed.FS

// assets are script, style and icon, under names that carry a hash of what is in
// them: a browser keeps them for good, and never an old one with a new page.
type assets struct {
	byPath              map[string][]byte
	script, style, icon string
}

func loadAssets() (*assets, error) {
	a := &assets{byPath: map[string][]byte{}}
	for name, address := range map[string]*string{"app.js": &a.script, "app.css": &a.style, "icon.svg": &a.icon} {
		b, err := fs.ReadFile(files, "web/dist/"+name)
		if err != nil {
			return nil, fmt.Errorf("preparing the accountant's app: %w: build it with make page", err)
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(name)
		*address = "/assets/" + strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		a.byPath[*address] = b
	}
	return a, nil
}

// ServeHTTP answers one of the files.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, ok := a.byPath[r.URL.Path]
	if !ok {
		http.Error(w, speakerFor(r).T("There is no such file."), http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
	http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(b))
}

// parseTemplates prepares the pages, once a language.
func (a *App) parseTemplates() (map[Language]*template.Template, error) {
	all := map[Language]*template.Template{}
	for _, l := range []Language{English, French} {
		t := template.New("layout")
		s := speakerOf(l)
		t.Funcs(template.FuncMap{
			"t": s.T, "amount": s.Amount, "price": s.Price, "money": s.Money, "qty": s.Quantity, "pct": s.Percent, "count": func(n int) string { return s.Count(int64(n)) },
			"date": s.Date, "day": s.Day, "time": s.Time,
			// page draws the template that a page names.
			"page": func(name string, data any) (template.HTML, error) {
				var b bytes.Buffer
				if err := t.ExecuteTemplate(&b, name, data); err != nil {
					return "", err
				}
				return template.HTML(b.String()), nil //nolint:gosec // html/template has escaped it
			},
		})
		if _, err := t.ParseFS(files, "templates/*.html"); err != nil {
			return nil, fmt.Errorf("preparing the accountant's app: %w", err)
		}
		all[l] = t
	}
	return all, nil
}
