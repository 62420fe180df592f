// Package knative checks deploy/knative as the projects themselves would: it renders
// it with kustomize, decodes each object strictly into the Go types of Kubernetes and
// Knative, sets their defaults and validates. It is a module of its own for the sake of
// what these bring along.
package knative

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"knative.dev/eventing-kafka/pkg/apis/sources/v1beta1"
	eventingduckv1 "knative.dev/eventing/pkg/apis/duck/v1"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const manifests = "../../../deploy/knative"

// kafkaSource is v1beta1's KafkaSource with the two members that it gained when it
// moved into eventing-kafka-broker, whose module no proxy has: delivery and ordering.
type kafkaSource struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec struct {
		v1beta1.KafkaSourceSpec `json:",inline"`

		Delivery *eventingduckv1.DeliverySpec `json:"delivery,omitempty"`
		Ordering string                       `json:"ordering,omitempty"`
	} `json:"spec"`
}

// objects is all that a kustomization renders.
type objects struct {
	configMaps map[string]corev1.ConfigMap
	services   map[string]*servingv1.Service
	sources    map[string]*kafkaSource
	pings      []*sourcesv1.PingSource
	policies   []networkingv1.NetworkPolicy
	namespaces []corev1.Namespace
}

// render renders the kustomization in dir, decodes and validates it.
func render(t *testing.T, dir string) objects {
	t.Helper()
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatalf("rendering %s: %v", dir, err)
	}
	all := objects{configMaps: map[string]corev1.ConfigMap{}, services: map[string]*servingv1.Service{}, sources: map[string]*kafkaSource{}}
	ctx := context.Background()
	for _, r := range rendered.Resources() {
		text, err := r.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		name := r.GetGvk().Group + "/" + r.GetKind() + " " + r.GetName()
		switch r.GetGvk().Group + "/" + r.GetGvk().Version + "/" + r.GetKind() {
		case "/v1/ConfigMap":
			c := decode[corev1.ConfigMap](t, name, text)
			all.configMaps[c.Name] = c
		case "/v1/Namespace":
			all.namespaces = append(all.namespaces, decode[corev1.Namespace](t, name, text))
		case "networking.k8s.io/v1/NetworkPolicy":
			all.policies = append(all.policies, decode[networkingv1.NetworkPolicy](t, name, text))
		case "serving.knative.dev/v1/Service":
			s := decode[servingv1.Service](t, name, text)
			s.SetDefaults(ctx)
			check(t, name, s.Validate(ctx))
			all.services[s.Name] = &s
		case "sources.knative.dev/v1/PingSource":
			p := decode[sourcesv1.PingSource](t, name, text)
			p.SetDefaults(ctx)
			check(t, name, p.Validate(ctx))
			all.pings = append(all.pings, &p)
		case "sources.knative.dev/v1beta1/KafkaSource":
			k := decode[kafkaSource](t, name, text)
			check(t, name, k.Spec.KafkaSourceSpec.Validate(ctx))
			check(t, name, k.Spec.Delivery.Validate(ctx))
			if k.Spec.Ordering != "ordered" {
				t.Errorf("%s: it is %q, not ordered", name, k.Spec.Ordering)
			}
			all.sources[k.Name] = &k
		default:
			t.Errorf("%s (%s) is of a kind that is not checked here", name, r.GetGvk())
		}
	}
	return all
}

// decode reads an object; a member that its type does not have is an error.
func decode[T any](t *testing.T, name string, text []byte) (object T) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&object); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return object
}

func check(t *testing.T, name string, err *apis.FieldError) {
	t.Helper()
	if wrong := err.Filter(apis.ErrorLevel); wrong != nil {
		t.Errorf("%s: %v", name, wrong)
	}
	if warned := err.Filter(apis.WarningLevel); warned != nil {
		t.Errorf("%s: a warning: %v", name, warned)
	}
}
