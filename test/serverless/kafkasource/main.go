// Command kafkasource is Knative's KafkaSource as it runs in a cluster, without
// the cluster: the receive adapter of knative.dev/eventing-kafka, which reads
// topics as a consumer group and posts each record to K_SINK. Its settings are the
// environment variables that the KafkaSource's controller gives it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kelseyhightower/envconfig"
	"go.uber.org/zap"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	kafka "knative.dev/eventing-kafka/pkg/source/adapter"
	"knative.dev/eventing/pkg/metrics/source"
	"knative.dev/pkg/apis"
	duckv1 "knative.dev/pkg/apis/duck/v1"
	kubeclient "knative.dev/pkg/client/injection/kube/client"
	"knative.dev/pkg/logging"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "kafkasource: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := kafka.NewEnvConfig()
	if err := envconfig.Process("", env); err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	level := zap.NewProductionConfig()
	level.Level = zap.NewAtomicLevelAt(zap.InfoLevel)
	log, err := level.Build()
	if err != nil {
		return fmt.Errorf("making the logger: %w", err)
	}
	// The adapter asks for a cluster's client when it is made, and uses it only for
	// sinks that want a token.
	cluster, err := kubernetes.NewForConfig(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		return fmt.Errorf("making the client of no cluster: %w", err)
	}
	ctx = context.WithValue(logging.WithLogger(ctx, log.Sugar()), kubeclient.Key{}, kubernetes.Interface(cluster))
	reporter, err := source.NewStatsReporter()
	if err != nil {
		return fmt.Errorf("making the reporter: %w", err)
	}
	sink, err := apis.ParseURL(os.Getenv("K_SINK"))
	if err != nil {
		return fmt.Errorf("reading K_SINK: %w", err)
	}
	return kafka.NewAdapter(ctx, env, duckv1.Addressable{URL: sink}, reporter).Start(ctx)
}
