package chain

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comptoir/test/harness"
)

// on is a new shop on servers, with some settings that differ; nothing is made there yet.
func on(t testing.TB, settings map[string]string, other map[string]string) *shop {
	t.Helper()
	s := at(t, place{filepath.Join(t.TempDir(), "data"), maps.Clone(settings)})
	maps.Copy(s.settings, other)
	must(t, os.Mkdir(s.dir, 0o700))
	write(t, s.file("comptoir.env"), onTheLastDay)
	return s
}

// doctorSays demands exit 1, and of the doctor one answer about a server: what is
// wrong there, in a line that has all of parts in it.
func (s *shop) doctorSays(about string, parts ...string) (said string) {
	s.Helper()
	said = s.do("doctor").exits(1).Out.String()
	_, after, ok := strings.Cut(said, "LOOK  "+about+" ")
	lines := strings.SplitN(after, "\n", 3)
	if !ok || len(lines) < 2 {
		s.Fatalf("the doctor finds nothing wrong with the %s:\n%s", about, said)
	}
	for _, part := range parts {
		if !strings.Contains(lines[1], part) {
			s.Errorf("the doctor does not say %q of the %s:\n%s", part, about, said)
		}
	}
	return said
}

func nobodyListens(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	return l.Addr().String()
}

// Whatever is wrong with the way to Kafka, each command ends with one sentence
// that names the address and what to do, and so does the doctor.
func TestKafkaRefuses(t *testing.T) {
	locked, open := secure.of(t), plain.of(t)
	otherCA := filepath.Join(secure.Dir, "mongodb/tls/ca.pem")
	for _, c := range []struct {
		name     string
		on       map[string]string
		settings map[string]string
		says     []string
		waits    bool // for half a minute: it may come
	}{
		{name: "wrong password", on: locked, settings: map[string]string{"KAFKA_SASL_PASSWORD": "wrong"}, says: []string{"user or password is wrong", "KAFKA_SASL_PASSWORD"}},
		{name: "wrong user", on: locked, settings: map[string]string{"KAFKA_SASL_USERNAME": "nobody"}, says: []string{"user or password is wrong", "KAFKA_SASL_USERNAME"}},
		{name: "mechanism off", on: locked, settings: map[string]string{"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"}, says: []string{"SCRAM-SHA-256", "KAFKA_SASL_MECHANISM"}},
		{name: "wrong CA", on: locked, settings: map[string]string{"KAFKA_TLS_CA_FILE": otherCA}, says: []string{"authority that is not known", "KAFKA_TLS_CA_FILE"}},
		{name: "no CA", on: locked, settings: map[string]string{"KAFKA_TLS_CA_FILE": ""}, says: []string{"authority that is not known", "KAFKA_TLS_CA_FILE"}},
		{name: "no TLS where it is wanted", on: locked, settings: map[string]string{"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, says: []string{"want TLS", "KAFKA_SECURITY_PROTOCOL"}, waits: true},
		{name: "no user where one is wanted", on: locked, settings: map[string]string{"KAFKA_SECURITY_PROTOCOL": "SSL"}, says: []string{"want a user", "KAFKA_SECURITY_PROTOCOL"}, waits: true},
		{name: "TLS where there is none", on: open, settings: map[string]string{"KAFKA_SECURITY_PROTOCOL": "SSL"}, says: []string{"no TLS there", "KAFKA_SECURITY_PROTOCOL"}, waits: true},
		{name: "a user where none is taken", on: open, settings: map[string]string{"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_USERNAME": "a", "KAFKA_SASL_PASSWORD": "b"}, says: []string{"takes no user", "KAFKA_SECURITY_PROTOCOL"}},
		{name: "nobody there", on: open, settings: map[string]string{"KAFKA_BOOTSTRAP_SERVERS": nobodyListens(t)}, says: []string{"connection refused", "start it, or correct KAFKA_BOOTSTRAP_SERVERS"}, waits: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := on(t, c.on, c.settings)
			says := append([]string{"asking Kafka at " + s.settings["KAFKA_BOOTSTRAP_SERVERS"]}, c.says...)
			s.do("migrate").refuses(says...)
			s.doctorSays("kafka", says...)
			if !c.waits { // those that wait have a test of their own, TestAKafkaThatCannotBeReached
				s.do("run").refuses(says...)
				s.do("run", "--until-caught-up").refuses(says...)
			}
		})
	}
	s := on(t, locked, map[string]string{"KAFKA_TLS_CA_FILE": filepath.Join(t.TempDir(), "absent.pem")})
	s.do("migrate").refuses("KAFKA_TLS_CA_FILE", "absent.pem", "name a file that is there")
}

// Topics that are missing or too narrow are refused before anything runs.
func TestTopicsThatDoNotFit(t *testing.T) {
	settings := secure.of(t)
	s := on(t, settings, nil)
	for _, args := range [][]string{{"run"}, {"run", "--until-caught-up"}} {
		s.do(args...).refuses("the topic "+settings["TOPIC_SALES"], "does not exist", "comptoir migrate")
	}
	s.doctorSays("kafka", "does not exist", "comptoir migrate")

	narrow := maps.Clone(settings)
	harness.Name(narrow)
	t.Cleanup(func() { must(t, harness.Clear(narrow)) })
	on(t, narrow, map[string]string{"PARTITIONS": "2"}).must("migrate")
	s = on(t, narrow, nil)
	for _, args := range [][]string{{"migrate"}, {"run"}, {"run", "--until-caught-up"}} {
		s.do(args...).refuses(narrow["TOPIC_SALES"], "2 partitions", "8", "TOPIC_SALES")
	}
	s.doctorSays("kafka", "2 partitions", "8")
}

// The same for MongoDB: to migrate, to run, and to read.
func TestMongoDBRefuses(t *testing.T) {
	locked, open := secure.of(t), plain.of(t)
	uri, openURI := locked["MONGODB_URI"], open["MONGODB_URI"]
	bare, _, _ := strings.Cut(uri, "?")
	_, address, _ := strings.Cut(bare, "@")
	for _, c := range []struct {
		name string
		on   map[string]string
		uri  string
		says []string
	}{
		{"wrong password", locked, strings.Replace(uri, "@", "wrong@", 1), []string{"user or password is wrong", "MONGODB_URI"}},
		{"wrong user", locked, strings.Replace(uri, "//comptoir:", "//nobody:", 1), []string{"user or password is wrong", "MONGODB_URI"}},
		{"no user", locked, "mongodb://" + address + "?tlsCAFile=" + filepath.Join(secure.Dir, "mongodb/tls/ca.pem"), []string{"wants a user", "MONGODB_URI"}},
		{"no TLS where it is wanted", locked, bare, []string{"want TLS", "MONGODB_URI"}},
		{"TLS where there is none", open, openURI + "?tls=true", []string{"no TLS there", "MONGODB_URI"}},
		{"unknown authority", locked, bare + "?tls=true", []string{"authority", "tlsCAFile"}},
		{"wrong CA", locked, bare + "?tlsCAFile=" + locked["KAFKA_TLS_CA_FILE"], []string{"authority", "tlsCAFile"}},
		{"nobody there", open, "mongodb://" + nobodyListens(t) + "/", []string{"nothing listens there", "MONGODB_URI"}},
		{"a replica set that it is not", open, openURI + "?replicaSet=other", []string{"replicaSet", "MONGODB_URI"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // the driver looks for a server for 5 s
			s := on(t, c.on, map[string]string{"MONGODB_URI": c.uri})
			says := append([]string{"the state in MongoDB at 127.0.0.1:"}, c.says...)
			s.do("migrate").refuses(says...)
			s.do("run", "functions", "query").refuses(says...)
			_, password, _ := strings.Cut(strings.TrimPrefix(c.on["MONGODB_URI"], "mongodb://"), ":")
			password, _, _ = strings.Cut(password, "@")
			if said := s.doctorSays("state", says...); password == "" || strings.Contains(said, password) {
				t.Error("the doctor shows the password")
			}
		})
	}
}
