package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"comptoir/local/datadir"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/shared/records"
	"comptoir/shared/records/recordstest"
)

// prefix begins the names of environment variables that name servers for the
// tests, such as COMPTOIR_TEST_MONGODB_URI. The settings' own names would reach
// tests that are about the embedded defaults.
const prefix = "COMPTOIR_TEST_"

var shops atomic.Int64

// Servers returns the settings of a shop of its own on the servers that the
// environment names, none where it names none. What the shop leaves on them is removed
// when the test ends.
func Servers(t testing.TB) map[string]string {
	t.Helper()
	settings := map[string]string{}
	for _, s := range config.Settings() {
		if v := os.Getenv(prefix + s.Name); v != "" && (strings.HasPrefix(s.Name, "KAFKA_") || strings.HasPrefix(s.Name, "MONGODB_")) {
			settings[s.Name] = v
		}
	}
	name := fmt.Sprintf("test-%d-%d", time.Now().UnixNano(), shops.Add(1))
	if settings["KAFKA_BOOTSTRAP_SERVERS"] != "" {
		settings["KAFKA_GROUP_PREFIX"] = name + "."
		for _, topic := range []string{"SALES", "INVENTORY", "CLIENTS", "HEARTBEATS", "DEAD_LETTERS"} {
			settings["TOPIC_"+topic] = name + "." + strings.ToLower(topic)
		}
		t.Cleanup(func() { report(t, removeTopics(t, settings)) })
	}
	if uri := settings["MONGODB_URI"]; uri != "" {
		settings["MONGODB_DATABASE"] = name
		t.Cleanup(func() { report(t, dropDatabase(uri, name)) })
	}
	return settings
}

func report(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("tidying up on the server: %v", err)
	}
}

func connect(t testing.TB, dir *datadir.Dir, settings map[string]string) (*config.Config, *records.Cluster, error) {
	t.Helper()
	cfg, err := config.Load(config.Map("the test", settings))
	if err != nil {
		return nil, nil, err
	}
	c, err := runner.Connect(dir, cfg)
	return cfg, c, err
}

// migrate makes the shop's topics, as a user does with `comptoir migrate`.
func migrate(t testing.TB, dir *datadir.Dir, settings map[string]string) error {
	t.Helper()
	cfg, c, err := connect(t, dir, settings)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Migrate(context.Background(), runner.Layout(cfg, nil))
	return err
}

func removeTopics(t testing.TB, settings map[string]string) error {
	t.Helper()
	_, c, err := connect(t, nil, maps.Clone(settings))
	if err != nil {
		return err
	}
	defer c.Close()
	return recordstest.RemoveTopics(context.Background(), c)
}

func dropDatabase(uri, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	return errors.Join(c.Database(name).Drop(ctx), c.Disconnect(ctx))
}
