package knative

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// schema is an object of OpenAPI's or JSON Schema's words.
type schema = map[string]any

// TestManifestsAreWhatTheClusterTakes checks the manifests with kubeconform against the
// schemas of the CustomResourceDefinitions that Knative's modules carry: the cluster's
// own check, which Go types do not make. COMPTOIR_KUBECONFORM names the program.
func TestManifestsAreWhatTheClusterTakes(t *testing.T) {
	kubeconform := os.Getenv("COMPTOIR_KUBECONFORM")
	if kubeconform == "" {
		t.Skip("kubeconform is not to be run here: test/all deploy builds it")
	}
	dir := t.TempDir()
	writeSchema(t, dir, "service-v1", crdSchema(t, moduleDir(t, "knative.dev/serving")+"/config/core/300-resources/service.yaml", "v1"))
	writeSchema(t, dir, "pingsource-v1", crdSchema(t, moduleDir(t, "knative.dev/eventing")+"/config/core/resources/pingsource.yaml", "v1"))
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), manifests)
	if err != nil {
		t.Fatal(err)
	}
	text, err := rendered.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(context.Background(), kubeconform, "-strict", "-verbose", "-summary",
		// Kubernetes' own are decoded strictly by render, and so is a KafkaSource, whose
		// definition has no schema.
		"-skip", "ConfigMap,Namespace,NetworkPolicy,KafkaSource",
		"-schema-location", dir+"/{{.ResourceKind}}-{{.ResourceAPIVersion}}.json")
	run.Stdin = strings.NewReader(string(text))
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Valid: 8, Invalid: 0, Errors: 0") {
		t.Fatalf("kubeconform: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("finding %s: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

// crdSchema reads the schema of a version from a CustomResourceDefinition, as JSON Schema.
func crdSchema(t *testing.T, file, version string) schema {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema schema }
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, v := range crd.Spec.Versions {
		if v.Name == version {
			s := v.Schema.OpenAPIV3Schema
			members, ok := s["properties"].(schema)
			if !ok {
				t.Fatalf("%s has no schema of the version %s", file, version)
			}
			members["apiVersion"], members["kind"], members["metadata"] = schema{"type": "string"}, schema{"type": "string"}, schema{"type": "object"}
			closed(s)
			return s
		}
	}
	t.Fatalf("%s has no version %s", file, version)
	return nil
}

// closed refuses members that a schema does not name, which a cluster would drop, and
// writes OpenAPI's way to say that a number may be text in JSON Schema's.
func closed(s schema) {
	if s["x-kubernetes-int-or-string"] == true {
		delete(s, "type")
		s["type"] = []string{"integer", "string"}
	}
	members, _ := s["properties"].(schema)
	if _, open := s["additionalProperties"]; members != nil && !open && s["x-kubernetes-preserve-unknown-fields"] != true {
		s["additionalProperties"] = false
	}
	for _, child := range members {
		if c, ok := child.(schema); ok {
			closed(c)
		}
	}
	for _, word := range []string{"items", "additionalProperties"} {
		if c, ok := s[word].(schema); ok {
			closed(c)
		}
	}
}

func writeSchema(t *testing.T, dir, name string, s schema) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}
