package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// Environment reads settings from environment variables. An empty variable
// counts as not set, as shells and compose files leave them.
func Environment() Source {
	return Source{Origin: "environment", Lookup: func(name string) (string, bool) {
		v := os.Getenv(name)
		return v, v != ""
	}}
}

// Map reads settings from a map, for tests and for flags.
func Map(origin string, values map[string]string) Source {
	return Source{Origin: origin, Lookup: func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}}
}

// File reads settings from a file of NAME=VALUE lines: blank lines and lines
// that begin with # say nothing, a value may stand in double or single quotes.
// A file that is not there sets nothing. A line that cannot be read, and a name
// that is no setting, are faults: a typing error would go unseen otherwise.
func File(path string) (Source, error) {
	values := map[string]string{}
	source := Map(path, values)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return source, nil
	}
	if err != nil {
		return source, fmt.Errorf("reading the settings of the data directory: %w", err)
	}
	known := map[string]bool{}
	for _, s := range Settings() {
		known[s.Name] = true
	}
	var faults FaultsError
	for i, line := range strings.Split(string(b), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			faults = append(faults, fmt.Sprintf("%s line %d is not NAME=VALUE: put it right or begin it with #", path, i+1))
		case !known[name]:
			faults = append(faults, fmt.Sprintf("%s line %d sets %q, which is no setting: `comptoir config` lists them", path, i+1, name))
		default:
			values[name] = unquote(value)
		}
	}
	if len(faults) > 0 {
		return source, faults
	}
	return source, nil
}

// FormatFile writes settings as File reads them, in the order of Settings, with a first
// line that says what they are for.
func FormatFile(comment string, values map[string]string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", comment)
	for _, s := range Settings() {
		if v, ok := values[s.Name]; ok {
			fmt.Fprintf(&b, "%s=%s\n", s.Name, v)
		}
	}
	return []byte(b.String())
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// password finds what stands between the user's name and the host of a URI.
// The last @ before the path ends the password: people forget to escape theirs.
var password = regexp.MustCompile(`^([a-z0-9+]+://[^:/@]*):(.*)@`)

// secretOption finds options that carry a secret, such as tlsCertificateKeyFilePassword.
var secretOption = regexp.MustCompile(`(?i)([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*`)

func mask(uri string) string {
	return secretOption.ReplaceAllString(password.ReplaceAllString(uri, "$1:****@"), "$1****")
}
