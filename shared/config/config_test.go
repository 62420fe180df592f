package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones, where the machine has none

	"comptoir/shared/event"
)

func load(t *testing.T, values map[string]string) (*Config, error) {
	t.Helper()
	return Load(Map("flag", values))
}

func TestPrecedenceFlagEnvironmentFileDefault(t *testing.T) {
	t.Setenv("TIER_SILVER", "200")
	t.Setenv("TIER_GOLD", "300")
	t.Setenv("LOG_LEVEL", "") // as compose files leave it: not set
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte("# kept with the demo\nTIER_SILVER=20\nTIER_GOLD=30\nBUSINESS_DATE=\"2011-12-09\"\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := File(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(Map("flag", map[string]string{"TIER_GOLD": "4000"}), Environment(), file)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"TIER_GOLD": "flag 4000", "TIER_SILVER": "environment 200", "BUSINESS_DATE": path + " 2011-12-09", "LOG_LEVEL": "default info",
	} {
		for _, v := range c.Values {
			if got := v.Origin + " " + v.Text; v.Setting.Name == name && got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
	}
	if c.BusinessDate != event.NewDate(2011, 12, 9) || !c.IsSet("BUSINESS_DATE") || c.IsSet("PARTITIONS") {
		t.Errorf("the business date of the file is %s", c.BusinessDate)
	}
	th, err := c.Thresholds("GBP")
	if err != nil || th.Promo != 100_000 || th.Silver != 20_000 || th.Gold != 400_000 {
		t.Errorf("thresholds in pence: %+v, %v", th, err)
	}
}

func TestEachWrongValueIsRefused(t *testing.T) {
	for name, wrong := range map[string][]string{
		"KAFKA_BOOTSTRAP_SERVERS": {"kafka", "kafka:port", "a:1,b"},
		"KAFKA_SECURITY_PROTOCOL": {"TLS", "sasl_ssl", "SASL_SSL"},
		"KAFKA_SASL_MECHANISM":    {"GSSAPI", ""},
		"BROKER_ADDR":             {"127.0.0.1", ":99999"},
		"TOPIC_SALES":             {"a topic", "..", "inventory"},
		"PARTITIONS":              {"0", "-1", "eight", "2000", ""},
		"REPLICATION_FACTOR":      {"-1"},
		"MONGODB_URI":             {"localhost:27017"},
		"CURRENCY":                {"eur", "XXX", "£"},
		"BUSINESS_TIMEZONE":       {"Paris", ""},
		"BUSINESS_DATE":           {"2011-02-29", "9/12/2011"},
		"REVENUE_THRESHOLD_PROMO": {"-1", "1,000", "1e3", ""},
		"TIER_SILVER":             {"20000", "30000"},
		"TIER_GOLD":               {"10.1234"},
		"RULES_VERSION":           {"-1", "1.5"},
		"BATCH_MAX_RECORDS":       {"0"},
		"HEARTBEAT_INTERVAL":      {"5", "1ms", "2h"},
		"REVIEW_INTERVAL":         {"0s"},
		"QUERY_ADDR":              {"8480"},
		"CORS_ALLOWED_ORIGINS":    {"example.com", "https://example.com/path"},
		"LOG_LEVEL":               {"loud"},
		"LOG_FORMAT":              {"xml"},
	} {
		for _, value := range wrong {
			_, err := load(t, map[string]string{name: value})
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%q was taken, or its fault does not name it: %v", name, value, err)
			}
		}
	}
	if _, err := load(t, map[string]string{"CURRENCY": "JPY", "TIER_GOLD": "20000.5"}); err == nil {
		t.Error("half a yen was taken as a threshold")
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, err := load(t, map[string]string{"PARTITIONS": "x", "LOG_FORMAT": "y", "MONGODB_URI": "http://me:secret@host"})
	var faults FaultsError
	if !errors.As(err, &faults) || len(faults) != 3 {
		t.Fatalf("want three faults: %v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("a password was printed: %v", err)
	}
}

func TestFileFaultsNameTheirLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte("TIER_SILVR=1\nhello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := File(path)
	for _, want := range []string{"line 1", "TIER_SILVR", "line 2"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://shop:s3cret@db:27017/x":                  "mongodb://shop:****@db:27017/x",
		"mongodb+srv://shop:a@b:c@db/?tlsCAFile=x":          "mongodb+srv://shop:****@db/?tlsCAFile=x",
		"mongodb://db/?tlsCertificateKeyFilePassword=a&w=1": "mongodb://db/?tlsCertificateKeyFilePassword=****&w=1",
		"mongodb://db:27017":                                "mongodb://db:27017",
		"mongodb://:only@db":                                "mongodb://:****@db",
	} {
		if got := mask(uri); got != want {
			t.Errorf("%s is shown as %s, want %s", uri, got, want)
		}
	}
}

func TestAPasswordByItselfIsMasked(t *testing.T) {
	c, err := load(t, map[string]string{"KAFKA_SASL_PASSWORD": "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c.Values {
		if strings.Contains(v.Shown(), "s3cret") {
			t.Errorf("%s is shown as %s", v.Setting.Name, v.Shown())
		}
	}
}

func TestToday(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC) // half past midnight in Paris
	c := Calendar{Zone: paris, Now: func() time.Time { return at }}
	if got := c.Today().String(); got != "2026-07-02" {
		t.Errorf("today in Paris is %s", got)
	}
	c.Fixed = event.NewDate(2011, 12, 9)
	if got := c.Today().String(); got != "2011-12-09" {
		t.Errorf("a fixed today is %s", got)
	}
}

func TestDocumentationHasTheTable(t *testing.T) {
	const path = "../../docs/configuration.md"
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), "<!-- settings -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- /settings -->")
	if !ok || !ok2 {
		t.Fatal("docs/configuration.md has lost the marks around its table")
	}
	want := before + "<!-- settings -->\n" + Table() + "<!-- /settings -->" + after
	if want == string(doc) {
		return
	}
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("the table in docs/configuration.md is not that of the settings: run UPDATE_DOCS=1 go test ./shared/config")
}
