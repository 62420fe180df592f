package importer

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Meter shows the steps of an import: a bar with rate and time left on a
// terminal, otherwise a plain line every few seconds.
type Meter struct {
	out      io.Writer
	now      func() time.Time
	terminal bool
	every    time.Duration
	shown    time.Time
	stage    string
	begun    time.Time // of the stage
	before   int       // rows done before it
	width    int       // of the last line, on a terminal
}

// NewMeter makes a meter for a file, usually os.Stderr.
func NewMeter(f *os.File) *Meter {
	m := &Meter{out: f, now: time.Now, every: 3 * time.Second}
	if term.IsTerminal(int(f.Fd())) {
		m.terminal, m.every = true, 100*time.Millisecond
	}
	return m
}

// Show is to be given as Options.Progress.
func (m *Meter) Show(s Step) {
	now := m.now()
	if m.stage != s.Stage { // a row of each stage takes its own time
		m.stage, m.begun, m.before = s.Stage, now, s.Done
	}
	if m.shown.IsZero() {
		m.shown = now
	}
	if s.Ended {
		if m.terminal {
			_, _ = fmt.Fprintf(m.out, "\r%s\r", strings.Repeat(" ", m.width))
		}
		return
	}
	if now.Sub(m.shown) < m.every {
		return
	}
	m.shown = now
	text := m.text(s, now)
	if !m.terminal {
		_, _ = fmt.Fprintln(m.out, text)
		return
	}
	pad := max(0, m.width-len([]rune(text)))
	m.width = len([]rune(text))
	_, _ = fmt.Fprintf(m.out, "\r%s%s", text, strings.Repeat(" ", pad))
}

func (m *Meter) text(s Step, now time.Time) string {
	if s.Total == 0 {
		return fmt.Sprintf("%s: %s rows", s.Stage, number(s.Done))
	}
	share := float64(s.Done) / float64(s.Total)
	text := fmt.Sprintf("%s: %s of %s rows, %d %%", s.Stage, number(s.Done), number(s.Total), int(share*100))
	if took := now.Sub(m.begun).Seconds(); took > 0.5 && s.Done > m.before {
		rate := float64(s.Done-m.before) / took
		left := time.Duration(float64(s.Total-s.Done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %s rows/s, %s left", number(int(rate)), left.Round(time.Second))
	}
	if m.terminal {
		const cells = 20
		full := int(share * cells)
		text = "[" + strings.Repeat("#", full) + strings.Repeat("-", cells-full) + "] " + text
	}
	return text
}
