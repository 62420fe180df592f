package knative

import (
	"testing"

	"comptoir/functions"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
	kafkav1beta1 "knative.dev/eventing-kafka/pkg/apis/sources/v1beta1"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/yaml"
)

func TestX(t *testing.T) {
	var a kafkav1beta1.KafkaSource
	var b sourcesv1.PingSource
	var c servingv1.Service
	_ = apis.ErrorLevel
	_ = functions.All
	if err := yaml.UnmarshalStrict(nil, &a); err != nil {
		t.Log(err)
	}
	t.Log(a, b, c)
}
