package knative

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rickb777/date/period"
	corev1 "k8s.io/api/core/v1"
	eventingduckv1 "knative.dev/eventing/pkg/apis/duck/v1"

	"comptoir/functions"
	"comptoir/shared/config"
)

// configMap returns the ConfigMap whose generated name begins so.
func (o objects) configMap(t *testing.T, prefix string) corev1.ConfigMap {
	t.Helper()
	var found []corev1.ConfigMap
	for name, c := range o.configMaps {
		if name[:strings.LastIndex(name, "-")] == prefix {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d ConfigMaps %s, not 1", len(found), prefix)
	}
	return found[0]
}

func TestEachSourceReadsExactlyTheTopicsOfItsRegistryLine(t *testing.T) {
	all := render(t, manifests)
	kafka := all.configMap(t, "comptoir-kafka").Data
	var want []string
	for _, f := range functions.All(functions.Defaults("EUR")) {
		want = append(want, f.Name)
		s, ok := all.sources[f.Name]
		if !ok {
			t.Errorf("%s has no KafkaSource", f.Name)
			continue
		}
		var topics []string
		for _, topic := range f.Topics {
			topics = append(topics, kafka["TOPIC_"+strings.ToUpper(string(topic))])
		}
		slices.Sort(topics)
		if have := slices.Sorted(slices.Values(s.Spec.Topics)); !slices.Equal(have, topics) {
			t.Errorf("the source of %s reads %v; its registry line says %v", f.Name, have, topics)
		}
		if got := s.Spec.Sink.Ref; got == nil || got.Kind != "Service" || got.Name != f.Name || all.services[got.Name] == nil {
			t.Errorf("the source of %s sends to %+v", f.Name, got)
		}
		if !slices.Equal(s.Spec.BootstrapServers, []string{kafka["KAFKA_BOOTSTRAP_SERVERS"]}) {
			t.Errorf("the source of %s reads from %v, not from kafka.env's", f.Name, s.Spec.BootstrapServers)
		}
		if s.Spec.InitialOffset != "earliest" || s.Spec.Consumers == nil || *s.Spec.Consumers != 1 || !strings.HasSuffix(s.Spec.ConsumerGroup, "."+f.Name) {
			t.Errorf("the source of %s begins at %q with %v consumers in the group %q", f.Name, s.Spec.InitialOffset, s.Spec.Consumers, s.Spec.ConsumerGroup)
		}
	}
	if have := slices.Sorted(maps.Keys(all.sources)); !slices.Equal(have, slices.Sorted(slices.Values(want))) {
		t.Errorf("there are sources for %v; the registry has %v", have, want)
	}
	want = append(want, "query", "review", "dead-letters")
	if have := slices.Sorted(maps.Keys(all.services)); !slices.Equal(have, slices.Sorted(slices.Values(want))) {
		t.Errorf("there are services %v, not %v", have, want)
	}
}

// outlast is what a source's retries must sit out. A wait after it must be short.
const (
	outlast     = 12 * time.Hour
	longestWait = 20 * time.Minute
)

func TestSourcesOutlastAnOutageOfHoursAndLoseNothing(t *testing.T) {
	all := render(t, manifests)
	for name, s := range all.sources {
		d := s.Spec.Delivery
		if d == nil || d.Retry == nil || d.BackoffDelay == nil || d.BackoffPolicy == nil || *d.BackoffPolicy != eventingduckv1.BackoffPolicyLinear {
			t.Errorf("%s: delivery is %+v", name, d)
			continue
		}
		p, err := period.Parse(*d.BackoffDelay)
		if err != nil {
			t.Fatal(err)
		}
		step, _ := p.Duration()
		retries := time.Duration(*d.Retry)
		if waits := step * retries * (retries + 1) / 2; waits < outlast || step*retries > longestWait {
			t.Errorf("%s: it waits %s in all and %s at last; at least %s and at most %s are wanted", name, waits, step*retries, outlast, longestWait)
		}
		if sink := d.DeadLetterSink; sink == nil || sink.Ref == nil || sink.Ref.Kind != "Service" || sink.Ref.Name != "dead-letters" {
			t.Errorf("%s drops and commits what it gave up: %+v", name, sink)
		}
	}
}

func TestTheTickReachesReviewAlone(t *testing.T) {
	all := render(t, manifests)
	if len(all.pings) != 1 {
		t.Fatalf("there are %d PingSources, not 1", len(all.pings))
	}
	p := all.pings[0]
	if p.Spec.Schedule != "*/15 * * * *" || p.Spec.Data != "" || p.Spec.DataBase64 != "" || p.Spec.Sink.Ref == nil || p.Spec.Sink.Ref.Name != "review" {
		t.Errorf("the tick is %+v", p.Spec)
	}
	review := all.services["review"].Spec.Template
	if review.Annotations["autoscaling.knative.dev/max-scale"] != "1" || *review.Spec.ContainerConcurrency != 1 {
		t.Error("two reviews may run at once")
	}
}

func TestContainersMayDoNothingButTheirWork(t *testing.T) {
	all := render(t, manifests)
	if len(all.namespaces) != 1 || all.namespaces[0].Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Error("the namespace does not hold its pods to the restricted standard")
	}
	for name, s := range all.services {
		spec := s.Spec.Template.Spec
		c := spec.Containers[0]
		sc := c.SecurityContext
		if sc == nil || !*sc.RunAsNonRoot || *sc.RunAsUser == 0 || !*sc.ReadOnlyRootFilesystem || *sc.AllowPrivilegeEscalation ||
			!slices.Equal(sc.Capabilities.Drop, []corev1.Capability{"ALL"}) || sc.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: its security context is %+v", name, sc)
		}
		if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
			t.Errorf("%s is given a token of the cluster, which it has no use for", name)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s has no bounds: %+v", name, c.Resources)
		}
		if c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
			t.Errorf("%s is probed at %v and %v", name, c.LivenessProbe.HTTPGet, c.ReadinessProbe.HTTPGet)
		}
		if s.Labels["networking.knative.dev/visibility"] != "cluster-local" {
			t.Errorf("%s has an address outside the cluster", name)
		}
		if scale := s.Spec.Template.Annotations["autoscaling.knative.dev/max-scale"]; scale == "" || scale == "0" {
			t.Errorf("%s may be scaled without bound", name)
		}
	}
	ingress := 0
	for _, p := range all.policies {
		if len(p.Spec.PodSelector.MatchLabels)+len(p.Spec.PodSelector.MatchExpressions) == 0 {
			for _, kind := range p.Spec.PolicyTypes {
				if kind == "Ingress" {
					ingress++
				}
			}
		}
		for _, rule := range p.Spec.Ingress {
			if len(rule.From) == 0 || len(rule.Ports) == 0 {
				t.Errorf("%s lets anybody in", p.Name)
			}
		}
	}
	if ingress != 1 {
		t.Errorf("%d policies say who may reach every pod, not 1", ingress)
	}
}

func TestSettingsAreSettingsAndSecretsOnlyReferred(t *testing.T) {
	all := render(t, manifests)
	known := map[string]config.Setting{}
	for _, s := range config.Settings() {
		known[s.Name] = s
	}
	for name, c := range all.configMaps {
		for setting := range c.Data {
			s, ok := known[setting]
			if !ok {
				t.Errorf("%s has %s, which is no setting", name, setting)
			}
			if s.Secret {
				t.Errorf("%s holds %s, which is a secret", name, setting)
			}
		}
	}
	common, kafka := all.configMap(t, "comptoir").Name, all.configMap(t, "comptoir-kafka").Name
	for name, s := range all.services {
		c := s.Spec.Template.Spec.Containers[0]
		if c.Env[0].Name != "FUNCTION" || c.Env[0].Value != name {
			t.Errorf("%s runs %+v", name, c.Env)
		}
		var from []string
		for _, e := range c.EnvFrom {
			if e.ConfigMapRef != nil {
				from = append(from, e.ConfigMapRef.Name)
			}
			if e.SecretRef != nil {
				from = append(from, "secret "+e.SecretRef.Name)
			}
		}
		want := []string{common, kafka, "secret comptoir-kafka", "secret comptoir-state"}
		switch name { // each knows no more than it uses
		case "query":
			want = []string{common, "secret comptoir-query"}
		case "review":
			want = []string{common, "secret comptoir-state"}
		case "dead-letters":
			want = want[:3]
		}
		if !slices.Equal(from, want) {
			t.Errorf("%s takes its settings from %v, not %v", name, from, want)
		}
	}
}
