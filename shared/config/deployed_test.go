package config

import (
	"errors"
	"strings"
	"testing"
)

func TestDeployedSettings(t *testing.T) {
	requires := func(function string) []string {
		if function == "query" {
			return []string{"MONGODB_URI"}
		}
		return []string{"KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI", "CURRENCY"}
	}
	for _, c := range []struct {
		name   string
		values map[string]string
		faults []string
	}{
		{"all of an analytic", map[string]string{"FUNCTION": "freshness", "KAFKA_BOOTSTRAP_SERVERS": "k:1", "MONGODB_URI": "mongodb://m", "CURRENCY": "EUR"}, nil},
		{"all of the query", map[string]string{"FUNCTION": "query", "MONGODB_URI": "mongodb://m"}, nil},
		{"nothing", nil, []string{"FUNCTION is not set: name one of freshness, query", "KAFKA_BOOTSTRAP_SERVERS is not set; it wants host:port", "MONGODB_URI is not set", "CURRENCY is not set"}},
		{"wrong and missing", map[string]string{"FUNCTION": "fresh", "PORT": "x", "SHUTDOWN_GRACE": "soon", "EVENT_PATIENCE": "2h", "CURRENCY": "EUR"}, []string{"FUNCTION=fresh is no function", "PORT=x", "SHUTDOWN_GRACE=soon", "EVENT_PATIENCE=2h", "KAFKA_BOOTSTRAP_SERVERS is not set", "MONGODB_URI is not set"}},
	} {
		cfg, err := LoadDeployed([]string{"freshness", "query"}, requires, Map("the test", c.values))
		if len(c.faults) == 0 {
			if err != nil || cfg.Function != c.values["FUNCTION"] || cfg.Port != 8080 {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		faults := FaultsError(nil)
		if !errors.As(err, &faults) || len(faults) != len(c.faults) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.faults {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s does not say %q:\n%v", c.name, want, err)
			}
		}
	}
}

// The command does not read what is meant for deployed functions: PORT may be
// anybody's.
func TestTheCommandLeavesDeployedSettingsAlone(t *testing.T) {
	if _, err := Load(Map("the test", map[string]string{"PORT": "tcp://somewhere:80", "FUNCTION": "x"})); err != nil {
		t.Error(err)
	}
}
