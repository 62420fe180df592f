package chain

import (
	"os"
	"testing"

	"comptoir/test/harness"
)

// The broker's log and the state are copies: removed, both come back from the
// ledger, and what is still there is not written again.
func TestLogRemoved(t *testing.T) {
	b, loaded := loadedPart(t)
	s := copied(t, loaded)
	before := s.versions()

	s.removeLog()
	s.do("run").refuses("comptoir republish --all", "was removed or made anew")
	s.do("run", "--until-caught-up").refuses("comptoir republish --all")
	s.must("republish", "--all").cost("republish --all")
	s.catchUp().cost("read again from the start")
	s.unchanged(before)
	s.says(b)
}

func TestStateRemoved(t *testing.T) {
	b, loaded := loadedPart(t)
	s := copied(t, loaded)
	s.removeState()
	s.catchUp().cost("the state from the log")
	s.says(b)
}

func TestLogAndStateRemoved(t *testing.T) {
	b, loaded := loadedPart(t)
	s := copied(t, loaded)
	s.removeState()
	s.removeLog()
	s.do("run").refuses("comptoir republish --all")
	s.must("republish", "--all")
	s.catchUp()
	s.says(b)
}

// removeLog is a broker's folder that was deleted, or a Kafka that was made anew.
func (s *shop) removeLog() {
	s.Helper()
	if !s.onKafka() {
		must(s, os.RemoveAll(s.file("broker")))
		return
	}
	must(s, harness.RemoveTopics(s.settings))
	s.migrate()
}

func (s *shop) removeState() {
	s.Helper()
	if s.onMongoDB() {
		must(s, harness.DropDatabase(s.settings))
		return
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(s.file("state.db" + suffix)) // the latter two need not be there
	}
	if _, err := os.Stat(s.file("state.db")); err == nil {
		s.Fatal("the state is still there")
	}
}
