package chain

import (
	"os"
	"testing"
)

// The broker's log and the state are copies: removed, both come back from the
// ledger, and what is still there is not written again.
func TestLogRemoved(t *testing.T) {
	b, dir := loadedPart(t)
	s := copied(t, dir)
	before := s.versions()

	must(t, os.RemoveAll(s.file("broker")))
	s.do("run").refuses("comptoir republish --all", "the log was removed")
	s.do("run", "--until-caught-up").refuses("comptoir republish --all")
	s.must("republish", "--all").cost("republish --all")
	s.catchUp().cost("read again from the start")
	s.unchanged(before)
	s.says(b)
}

func TestStateRemoved(t *testing.T) {
	b, dir := loadedPart(t)
	s := copied(t, dir)
	s.removeState()
	s.catchUp().cost("the state from the log")
	s.says(b)
}

func TestLogAndStateRemoved(t *testing.T) {
	b, dir := loadedPart(t)
	s := copied(t, dir)
	s.removeState()
	must(t, os.RemoveAll(s.file("broker")))
	s.do("run").refuses("comptoir republish --all")
	s.must("republish", "--all")
	s.catchUp()
	s.says(b)
}

func (s *shop) removeState() {
	s.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(s.file("state.db" + suffix)) // the latter two need not be there
	}
	if _, err := os.Stat(s.file("state.db")); err == nil {
		s.Fatal("the state is still there")
	}
}
