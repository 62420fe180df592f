package logs

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTextIsOneReadableLine(t *testing.T) {
	for _, c := range []struct {
		name string
		log  func(*slog.Logger)
		want string
	}{
		{"values behind the message", func(l *slog.Logger) { l.Info("batch", "records", 1000, "took", 1234567*time.Nanosecond) }, "INF batch records=1000 took=1.23ms"},
		{"a value keeps the line", func(l *slog.Logger) { l.Warn("late", "err", errors.New("no \"route\"\nto host")) }, `WRN late err="no \"route\"\nto host"`},
		{"a message keeps its line", func(l *slog.Logger) { l.Info("a\nb") }, "INF a; b"},
		{"With comes first, groups are dotted", func(l *slog.Logger) { l.With("part", "relay").WithGroup("http").Error("x", "status", 500) }, "ERR x part=relay http.status=500"},
		{"below the level", func(l *slog.Logger) { l.Debug("hidden") }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			c.log(text(&b, slog.LevelInfo, false))
			got := b.String()
			if _, after, ok := strings.Cut(got, " "); ok {
				got = strings.TrimSuffix(after, "\n") // the time of day stands before
			}
			if got != c.want || strings.Count(b.String(), "\n") > 1 {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestAFileGetsJSON(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	New(f, "auto", slog.LevelInfo).Info("hello", "n", 1)
	b, err := os.ReadFile(f.Name())
	if err != nil || !strings.HasPrefix(string(b), "{") {
		t.Errorf("auto wrote %q to a file, %v", b, err)
	}
	New(f, "text", slog.LevelInfo).Info("again")
	b, err = os.ReadFile(f.Name())
	if err != nil || !strings.Contains(string(b), "INF again") || strings.Contains(string(b), "\x1b") {
		t.Errorf("text wrote %q to a file, %v", b, err)
	}
}
