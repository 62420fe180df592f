package chain

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"comptoir/test/harness"
	"comptoir/test/servers"
)

// ownServers are a Kafka and a MongoDB of these tests alone, to be misused.
type ownServers struct {
	*servers.Own
	options []string // of up.sh
	start   sync.Once
	err     error
}

var (
	plain  = ownServers{}
	secure = ownServers{options: []string{"--secure"}} // TLS and SCRAM-SHA-512
)

// of returns the settings of a shop of its own on the servers.
func (o *ownServers) of(t testing.TB) map[string]string {
	t.Helper()
	if os.Getenv("COMPTOIR_TEST_OWN_SERVERS") == "" {
		t.Skip("it starts servers of its own, which takes Java, Maven and Debian's packages: `make test-servers`")
	}
	o.start.Do(func() {
		o.Own, o.err = servers.Start(context.Background(), filepath.Join(scratch, "servers"+strings.Join(o.options, "-")), false, o.options...)
	})
	must(t, o.err)
	settings := maps.Clone(o.Settings)
	harness.Name(settings)
	t.Cleanup(func() {
		t.Helper()
		must(t, harness.Clear(settings))
	})
	return settings
}

// stop stops what was started, if it was, and removes its data.
func (o *ownServers) stop() error {
	if o.Own == nil {
		return nil
	}
	return o.Stop()
}
