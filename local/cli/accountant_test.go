package cli_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Nobody writes in the books from another machine without the password; with it the
// app is there, and asks.
func TestThePasswordOfTheAccountantsApp(t *testing.T) {
	s := newShop(t)
	open := s.args("run", "accountant", "--currency", "GBP", "--accountant-addr", "0.0.0.0:0")
	if r := comptoir(t, open...); r.code != 1 || !strings.Contains(r.complaint(), "can be reached from other machines, and there is no password: set one with `comptoir password`") {
		t.Fatalf("without a password: exit %d, %s", r.code, r.stderr)
	}
	set := func(password string) result {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := command(ctx, t, s.args("password")...)
		cmd.Stdin = strings.NewReader(password)
		return finish(t, cmd)
	}
	if r := set("short\n"); r.code != 1 || !strings.Contains(r.complaint(), "fewer than 10 characters") {
		t.Errorf("a short one: exit %d, %s", r.code, r.complaint())
	}
	if r := set(strings.Repeat("x", 73)); r.code != 1 || !strings.Contains(r.complaint(), "more than 72 bytes") {
		t.Errorf("a long one: exit %d, %s", r.code, r.complaint())
	}
	if r := set("correct horse battery\n"); r.code != 0 {
		t.Fatalf("exit %d, %s", r.code, r.stderr)
	}
	info, err := os.Stat(filepath.Join(s.dir, "accountant.password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the hash is kept as %v, %v", info, err)
	}
	p := s.start("run", "accountant", "--currency", "GBP", "--accountant-addr", "0.0.0.0:0")
	var port string
	eventually(t, "the app to serve", func() bool {
		found := regexp.MustCompile(`"app":"http://\[::\]:(\d+)/"`).FindStringSubmatch(p.log())
		if found != nil {
			port = found[1]
		}
		return found != nil
	})
	address := "http://127.0.0.1:" + port
	res, err := http.PostForm(address+"/sales/new", url.Values{"key": {"k"}, "product": {"x"}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || !strings.Contains(string(body), `name="password"`) {
		t.Errorf("who gave no password is answered %s (%v)", body, err)
	}
	p.stop(t, os.Interrupt)
	if r := s.do("password", "--remove"); r.code != 0 {
		t.Errorf("removing it: exit %d, %s", r.code, r.stderr)
	}
	if r := comptoir(t, open...); r.code != 1 {
		t.Errorf("after it was removed: exit %d", r.code)
	}
}
