package harness

import (
	"context"
	"errors"
	"fmt"
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
	settings := Place()
	t.Cleanup(func() {
		t.Helper()
		if err := Clear(settings); err != nil {
			t.Error(err)
		}
	})
	return settings
}

// Place is Servers for a shop that outlives a test: whoever takes it clears it.
func Place() map[string]string {
	settings := map[string]string{}
	for _, s := range config.Settings() {
		if v := os.Getenv(prefix + s.Name); v != "" && (strings.HasPrefix(s.Name, "KAFKA_") || strings.HasPrefix(s.Name, "MONGODB_")) {
			settings[s.Name] = v
		}
	}
	Name(settings)
	return settings
}

// Name gives a shop topics, groups and a database of its own on the servers of its settings.
func Name(settings map[string]string) {
	name := fmt.Sprintf("test-%d-%d", time.Now().UnixNano(), shops.Add(1))
	if settings["KAFKA_BOOTSTRAP_SERVERS"] != "" {
		settings["KAFKA_GROUP_PREFIX"] = name + "."
		for _, topic := range []string{"SALES", "INVENTORY", "CLIENTS", "HEARTBEATS", "DEAD_LETTERS"} {
			settings["TOPIC_"+topic] = name + "." + strings.ToLower(topic)
		}
	}
	if settings["MONGODB_URI"] != "" {
		settings["MONGODB_DATABASE"] = name
	}
}

// Clear removes what a shop with these settings left on the servers.
func Clear(settings map[string]string) (err error) {
	if settings["KAFKA_BOOTSTRAP_SERVERS"] != "" {
		err = RemoveTopics(settings)
	}
	if settings["MONGODB_URI"] != "" {
		err = errors.Join(err, DropDatabase(settings))
	}
	if err != nil {
		return fmt.Errorf("tidying up on the servers: %w", err)
	}
	return nil
}

func connect(dir *datadir.Dir, settings map[string]string) (*config.Config, *records.Cluster, error) {
	cfg, err := config.Load(config.Map("the test", settings))
	if err != nil {
		return nil, nil, err
	}
	c, err := runner.Connect(dir, cfg)
	return cfg, c, err
}

// migrate makes the shop's topics, as a user does with `comptoir migrate`.
func migrate(dir *datadir.Dir, settings map[string]string) error {
	cfg, c, err := connect(dir, settings)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Migrate(context.Background(), runner.Layout(cfg, nil))
	return err
}

// RemoveTopics removes the shop's topics.
func RemoveTopics(settings map[string]string) error {
	_, c, err := connect(nil, settings)
	if err != nil {
		return err
	}
	defer c.Close()
	return recordstest.RemoveTopics(context.Background(), c)
}

// DropDatabase removes the shop's state.
func DropDatabase(settings map[string]string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := mongo.Connect(options.Client().ApplyURI(settings["MONGODB_URI"]))
	if err != nil {
		return err
	}
	return errors.Join(c.Database(settings["MONGODB_DATABASE"]).Drop(ctx), c.Disconnect(ctx))
}
