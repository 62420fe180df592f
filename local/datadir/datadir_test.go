package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comptoir/shared/config"
)

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		name   string
		files  map[string]string
		create bool
		fault  string
	}{
		{name: "a new one", create: true},
		{name: "a new one that must not be made", fault: "there is no data directory"},
		{name: "one that is there", files: map[string]string{"version": "1\n"}},
		{name: "only settings so far", files: map[string]string{config.FileName: "CURRENCY=EUR\n"}, create: true},
		{name: "a newer version", files: map[string]string{"version": "2\n"}, create: true, fault: "install a newer comptoir"},
		{name: "a damaged version", files: map[string]string{"version": "one"}, fault: "no version"},
		{name: "somebody's folder", files: map[string]string{"letter.txt": "x"}, create: true, fault: "letter.txt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data")
			for name, content := range c.files {
				if err := os.MkdirAll(path, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(path, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(path, c.create)
			if c.fault == "" {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := Open(path, false); err != nil {
					t.Errorf("it does not open again: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("want %q in: %v", c.fault, err)
			}
		})
	}
}

func TestEachPartRunsOnce(t *testing.T) {
	d, err := Open(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	first, err := d.Acquire(Relay, Broker)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Announce(Broker, "127.0.0.1:9092"); err != nil {
		t.Fatal(err)
	}
	_, err = d.Acquire(Functions, Broker)
	var held *HeldError
	if !errors.As(err, &held) || held.Part != Broker || held.By.PID != os.Getpid() {
		t.Fatalf("a second broker: %v", err)
	}
	second, err := d.Acquire(Functions) // the failed attempt gave it back
	if err != nil {
		t.Fatal(err)
	}
	running, err := d.Running()
	if err != nil || len(running) != 3 || running[Broker].Address != "127.0.0.1:9092" || running[Functions].PID == 0 {
		t.Errorf("running: %+v, %v", running, err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if running, err = d.Running(); err != nil || len(running) != 1 {
		t.Errorf("running after the first ended: %+v, %v", running, err)
	}
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
	if d.Has(filepath.Join(d.Path(), "run.json")) {
		t.Error("run.json stayed behind")
	}
}

func TestWhatAKilledProcessLeftIsNotRunning(t *testing.T) {
	d, err := Open(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	l, err := d.Acquire(Query)
	if err != nil {
		t.Fatal(err)
	}
	for _, lock := range l.locks { // as the end of a process does: the lock goes, the file stays
		if err := lock.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if running, err := d.Running(); err != nil || len(running) != 0 {
		t.Errorf("running: %+v, %v", running, err)
	}
	if _, err := d.Acquire(Query); err != nil {
		t.Errorf("the next run is refused: %v", err)
	}
}
