// Package logs makes the logger of every command and function: lines that a
// person reads on a terminal, JSON elsewhere.
package logs

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// New returns a logger that writes to f. format is auto, text or json; auto is
// text where f is a terminal. Text is coloured on a terminal unless NO_COLOR is
// set (no-color.org) or TERM is dumb.
func New(f *os.File, format string, level slog.Leveler) *slog.Logger {
	terminal := term.IsTerminal(int(f.Fd()))
	if format == "json" || format == "auto" && !terminal {
		return slog.New(slog.NewJSONHandler(f, &slog.HandlerOptions{Level: level}))
	}
	return text(f, level, terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func text(w io.Writer, level slog.Leveler, colour bool) *slog.Logger {
	return slog.New(tint.NewHandler(w, &tint.Options{
		Level:       level,
		TimeFormat:  time.TimeOnly,
		NoColor:     !colour,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { return shape(a) },
	}))
}

// shape keeps a record on one line, and drops the digits of durations that
// nobody reads: 1.234567891s is 1.235s.
func shape(a slog.Attr) slog.Attr {
	if a.Key == slog.MessageKey {
		return slog.String(a.Key, strings.ReplaceAll(a.Value.String(), "\n", "; "))
	}
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	d, step := a.Value.Duration(), 10*time.Microsecond
	if d >= time.Second {
		step = time.Millisecond
	}
	return slog.Duration(a.Key, d.Round(step))
}
