// Package deploy tests what Comptoir is deployed with: the template of AWS Lambda and
// its payloads, the image and its Compose file, the units of systemd. What runs on
// Knative has a module of its own, knative, for the sake of its dependencies.
package deploy

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"comptoir/functions"
	"comptoir/shared/config"
	"comptoir/shared/event"
	"comptoir/shared/projection"
)

// registry is the line of each function in functions.All.
func registry() []projection.Function { return functions.All(functions.Defaults("EUR")) }

// isConsumer tells whether a function is one of the registry's, which read Kafka.
func isConsumer(name string) bool {
	return slices.ContainsFunc(registry(), func(f projection.Function) bool { return f.Name == name })
}

// topicParameter names the parameter that holds a topic's name: TopicSales.
func topicParameter(topic event.Topic) string {
	var b strings.Builder
	for part := range strings.SplitSeq(string(topic), "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return "Topic" + b.String()
}

func TestEachFunctionIsMappedToExactlyTheTopicsOfItsRegistryLine(t *testing.T) {
	tpl := readTemplate(t)
	deployed := lambdaFunctions(t, tpl)
	want := []string{"query", "review"}
	groups := map[value]string{}
	for _, f := range registry() {
		want = append(want, f.Name)
		var mapped []string
		for id, e := range deployed[f.Name].Events {
			if e.Type != "MSK" {
				t.Errorf("%s: its event %s is of the type %s, not MSK", f.Name, id, e.Type)
				continue
			}
			mapped = append(mapped, string(e.Properties["Topics"]))
			group := e.Properties["ConsumerGroupId"]
			if other, taken := groups[group]; taken || group == "" {
				t.Errorf("%s, event %s: its consumer group %s is that of %s: they would share the records", f.Name, id, group, other)
			}
			groups[group] = f.Name + " " + id
		}
		topics := make([]string, 0, len(f.Topics))
		for _, topic := range f.Topics {
			topics = append(topics, "["+string(ref(topicParameter(topic)))+"]")
		}
		slices.Sort(mapped)
		slices.Sort(topics)
		if !slices.Equal(mapped, topics) {
			t.Errorf("%s is mapped to %v; its registry line says %v", f.Name, mapped, topics)
		}
	}
	slices.Sort(want)
	if have := slices.Sorted(maps.Keys(deployed)); !slices.Equal(have, want) {
		t.Errorf("template.yaml has the functions %v; the registry, review and query are %v", have, want)
	}
	for _, topic := range event.LedgerTopics {
		if p := tpl.Parameters[topicParameter(topic)]; p.Default == nil || p.Default.plain() != string(topic) {
			t.Errorf("the parameter %s is missing, or its default is not %q", topicParameter(topic), topic)
		}
	}
}

func TestNoMappingLosesARecord(t *testing.T) {
	for name, f := range lambdaFunctions(t, readTemplate(t)) {
		for id, e := range f.Events {
			if e.Type != "MSK" {
				continue
			}
			for property, want := range map[string]value{
				"Stream":                         ref("KafkaClusterArn"),
				"SourceAccessConfigurations":     `[{"Type":"SASL_SCRAM_512_AUTH","URI":{"Ref":"KafkaSecretArn"}}]`,
				"StartingPosition":               `"TRIM_HORIZON"`,
				"FunctionResponseTypes":          `["ReportBatchItemFailures"]`,
				"MaximumRetryAttempts":           "-1",
				"MaximumRecordAgeInSeconds":      "-1",
				"BatchSize":                      ref("BatchSize"),
				"MaximumBatchingWindowInSeconds": ref("BatchWindow"),
				"ProvisionedPollerConfig":        `{"MaximumPollers":{"Ref":"MaximumPollers"},"MinimumPollers":1,"PollerGroupName":{"Ref":"PollerGroup"}}`,
			} {
				if e.Properties[property] != want {
					t.Errorf("%s, event %s: %s is %s, not %s", name, id, property, e.Properties[property], want)
				}
			}
			for _, property := range []string{"DestinationConfig", "FilterCriteria", "BisectBatchOnFunctionError", "StartingPositionTimestamp", "Enabled"} {
				if v, set := e.Properties[property]; set {
					t.Errorf("%s, event %s: %s is set to %s: see the comment above the functions", name, id, property, v)
				}
			}
		}
	}
}

func TestFunctionsRunWhatIsBuiltWithinTheirTime(t *testing.T) {
	tpl := readTemplate(t)
	g := tpl.Globals.Function
	if g.Runtime != "provided.al2023" || g.Handler != "bootstrap" || g.Tracing != "Active" || !slices.Equal(g.Architectures, []value{ref("Architecture")}) {
		t.Errorf("the functions run %s %s on %v, tracing %q", g.Runtime, g.Handler, g.Architectures, g.Tracing)
	}
	if p := tpl.Parameters["Architecture"]; p.Default == nil || *p.Default != `"arm64"` {
		t.Error("Architecture is not arm64 where nobody says otherwise")
	}
	if len(g.VpcConfig) != 2 {
		t.Error("the functions are not in the network's subnets and security groups")
	}
	for name, f := range lambdaFunctions(t, tpl) {
		most := 14 * 60 // what Lambda allows a function behind an MSK mapping, and less than a quarter of an hour
		if name == "query" {
			most = 29 // an HTTP API ends a request after 30 s
		}
		if timeout := max(f.Timeout, g.Timeout); f.Timeout > most || timeout == 0 {
			t.Errorf("%s may take %d s; more than %d s are of no use", name, timeout, most)
		}
		if f.CodeURI != "functions/cmd/lambda" {
			t.Errorf("%s is built from %q", name, f.CodeURI)
		}
	}
	review := lambdaFunctions(t, tpl)["review"]
	if len(review.Events) != 1 {
		t.Fatalf("review has %d events, not its schedule alone", len(review.Events))
	}
	for _, e := range review.Events {
		if e.Type != "Schedule" || e.Properties["Schedule"] != `"rate(15 minutes)"` {
			t.Errorf("review is called by %s %v", e.Type, e.Properties)
		}
	}
}

func TestSettingsOfTheFunctionsAreSettings(t *testing.T) {
	tpl := readTemplate(t)
	known := map[string]bool{"SECRETS_REVISION": true}
	for _, s := range config.Settings() {
		known[s.Name] = true
	}
	global := tpl.Globals.Function.Environment.Variables
	for name, f := range lambdaFunctions(t, tpl) {
		all := maps.Clone(global)
		maps.Copy(all, f.Environment.Variables)
		for setting := range all {
			if !known[setting] {
				t.Errorf("%s is given %s, which is no setting", name, setting)
			}
		}
		want := []string{"MONGODB_URI", "MONGODB_DATABASE", "CURRENCY", "BUSINESS_TIMEZONE", "REVENUE_THRESHOLD_PROMO", "TIER_SILVER", "TIER_GOLD", "RULES_VERSION"}
		if isConsumer(name) {
			want = append(want, "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "TOPIC_DEAD_LETTERS")
			for _, topic := range event.LedgerTopics {
				want = append(want, "TOPIC_"+strings.ToUpper(string(topic)))
			}
		} else {
			for setting := range all {
				if strings.HasPrefix(setting, "KAFKA_") {
					t.Errorf("%s is given %s: it knows no Kafka", name, setting)
				}
			}
		}
		secret := "StateSecretArn"
		if name == "query" {
			secret = "QueryStateSecretArn"
		}
		for _, setting := range want {
			if all[setting] == "" {
				t.Errorf("%s is not given %s", name, setting)
			}
		}
		if uri := string(all["MONGODB_URI"]); uri != `{"Fn::Sub":"{{resolve:secretsmanager:${`+secret+`}:SecretString:uri}}"}` {
			t.Errorf("%s takes its MongoDB from %s, not from %s", name, uri, secret)
		}
	}
}

func TestNothingSecretOrOfOneAccountIsWritten(t *testing.T) {
	text, err := os.ReadFile(templateFile)
	if err != nil {
		t.Fatal(err)
	}
	for why, pattern := range map[string]string{
		"an ARN":                                 `arn:aws[a-z-]*:`,
		"an account number":                      `\b\d{12}\b`,
		"an access key":                          `\b(AKIA|ASIA)[A-Z0-9]{16}\b`,
		"a database's address":                   `mongodb(\+srv)?://`,
		"a region":                               `\b(us|eu|ap|sa|ca|me|af)-(north|south|east|west|central)[a-z]*-\d\b`,
		"a password":                             `(?i)password:\s*['"]?[^!'"\s{]`,
		"an alias, which CloudFormation refuses": `[:\[,] [&*][a-z]`,
	} {
		for i, line := range strings.Split(string(text), "\n") {
			if why == "a region" && strings.Contains(line, "Certificate Manager in us-east-1") {
				continue // where CloudFront wants certificates to be, whatever the stack's region
			}
			if found := regexp.MustCompile(pattern).FindString(line); found != "" {
				t.Errorf("template.yaml:%d writes %s: %s", i+1, why, found)
			}
		}
	}
	tpl := readTemplate(t)
	for _, p := range []string{"JwtIssuer", "JwtAudience", "SignInClientId", "KafkaClusterArn", "KafkaSecretArn", "StateSecretArn", "QueryStateSecretArn", "SubnetIds", "SecurityGroupIds", "Currency"} {
		if parameter, ok := tpl.Parameters[p]; !ok || parameter.Default != nil {
			t.Errorf("%s is not a required parameter", p)
		}
	}
	for _, o := range []string{"PageUrl", "ApiUrl", "PageBucket", "PageDistribution", "JwtIssuer", "JwtAudience", "SignInClientId", "SignInScope"} {
		if tpl.Outputs[o].Value == "" {
			t.Errorf("no output says %s", o)
		}
	}
}

// raw returns the resource's properties as text.
func raw(tpl *template, name string) string {
	var v value
	_ = json.Unmarshal(tpl.Resources[name].Properties, &v) // it was decoded before
	return string(v)
}
