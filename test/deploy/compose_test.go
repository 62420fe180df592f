package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shopEnv is a .env filled in as deploy/compose/example.env says.
func shopEnv(t *testing.T) string {
	t.Helper()
	example, err := os.ReadFile("../../deploy/compose/example.env")
	if err != nil {
		t.Fatal(err)
	}
	var filled strings.Builder
	for line := range strings.Lines(string(example)) {
		name, value, isSetting := strings.Cut(strings.TrimSpace(line), "=")
		if !isSetting || strings.HasPrefix(line, "#") {
			continue
		}
		if value == "" {
			value = "0123456789abcdef"
		}
		fmt.Fprintf(&filled, "%s=%s\n", name, value)
	}
	file := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(file, []byte(filled.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// shop is what compose makes of docker-compose.yml, as far as it is looked at here.
type shop struct {
	Services map[string]struct {
		Image       string
		ReadOnly    bool     `json:"read_only"`
		CapDrop     []string `json:"cap_drop"`
		Environment map[string]string
		Healthcheck *struct{ Test []string }
		DependsOn   map[string]struct{ Condition string } `json:"depends_on"`
	}
}

func TestTheComposeFileIsOneAndKeepsItsUsersApart(t *testing.T) {
	needsTools(t)
	env := shopEnv(t)
	images := map[string]string{"COMPTOIR_IMAGE": "registry.example/comptoir:1", "KAFKA_IMAGE": "registry.example/kafka:1", "MONGODB_IMAGE": "registry.example/mongo:1"}
	output(t, images, "docker-compose", "-f", "../../docker-compose.yml", "--env-file", env, "config", "-q")
	for _, name := range []string{"CURRENCY", "MONGODB_QUERY_PASSWORD"} {
		if _, errs, err := run(t, nil, "docker-compose", "-f", "../../docker-compose.yml", "--env-file", without(t, env, name), "config", "-q"); err == nil || !strings.Contains(errs, name) {
			t.Errorf("a .env without %s is taken", name)
		}
	}
	text := output(t, images, "docker-compose", "-f", "../../docker-compose.yml", "--env-file", env, "config")
	var s shop
	readYAML(t, text, &s)
	for name, service := range s.Services {
		if !strings.HasPrefix(service.Image, "registry.example/") {
			t.Errorf("%s runs %s: its image cannot be replaced", name, service.Image)
		}
		ours := strings.Contains(service.Image, "comptoir")
		if ours && (!service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"})) {
			t.Errorf("%s may write its own files, or keeps rights: %+v", name, service)
		}
		if ours && name != "migrate" && service.DependsOn["migrate"].Condition != "service_completed_successfully" {
			t.Errorf("%s does not wait for migrate: %+v", name, service.DependsOn)
		}
	}
	for name, user := range map[string]string{"migrate": "functions", "functions": "functions", "query": "query", "relay": "query", "accountant": "query"} {
		if uri := s.Services[name].Environment["MONGODB_URI"]; !strings.HasPrefix(uri, "mongodb://"+user+":") {
			t.Errorf("%s is not the user %s of MongoDB", name, user)
		}
	}
	if _, knows := s.Services["query"].Environment["KAFKA_BOOTSTRAP_SERVERS"]; knows {
		t.Error("query knows Kafka")
	}
}

// without is the file without the line of a setting.
func without(t *testing.T, file, name string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.HasPrefix(line, name+"=") })
	short := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(short, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return short
}

// TestTheImageRunsAShop brings the project's own image up as docker-compose.yml says,
// on the servers of the tests: what is imported is served, also after a restart.
func TestTheImageRunsAShop(t *testing.T) {
	needsTools(t)
	gateway := os.Getenv("COMPTOIR_TEST_DOCKER_GATEWAY")
	if gateway == "" {
		t.Skip("no Docker engine can be started here, so no container runs: see what test/all deploy says")
	}
	settings := maps.Clone(lambdaPlace(t))
	env := shopEnv(t)
	settings["COMPTOIR_IMAGE"] = fmt.Sprintf("comptoir-test:%d", time.Now().UnixNano())
	settings["QUERY_PORT"], settings["GATEWAY_MONGODB_URI"] = freePort(t), seenFrom(t, gateway, settings["MONGODB_URI"])
	settings["ACCOUNTANT_PORT"] = freePort(t)
	output(t, nil, "make", "-C", "../..", "image", "IMAGE="+settings["COMPTOIR_IMAGE"])
	t.Cleanup(func() { output(t, nil, "docker", "image", "rm", settings["COMPTOIR_IMAGE"]) })
	project := []string{"-p", "comptoir-test", "-f", "../../docker-compose.yml", "-f", "compose.yml", "--env-file", env}
	compose := func(arguments ...string) string {
		t.Helper()
		return output(t, settings, "docker-compose", append(slices.Clone(project), arguments...)...)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(compose("logs", "--no-color"))
		}
		compose("down", "-v")
	})
	// --no-deps: the servers run outside of it.
	compose("run", "--rm", "--no-deps", "-T", "migrate")
	if _, errs, err := runReading(t, strings.NewReader("for a test alone\n"), settings, "docker-compose", append(slices.Clone(project), "run", "--rm", "--no-deps", "-T", "accountant", "password")...); err != nil {
		t.Fatalf("the password is not taken: %v\n%s", err, errs)
	}
	compose("up", "-d", "--no-deps", "--no-build", "relay", "functions", "query", "accountant")
	compose("exec", "-T", "relay", "/comptoir", "import", "--profile", "online-retail", "/in/catalogue.csv", "/in/stock.csv", "/in/sales.csv")
	before := winners(t, settings["QUERY_PORT"], 1)
	for _, service := range []string{"relay", "functions", "query"} {
		healthy(t, compose, service)
	}
	asksForThePassword(t, settings["ACCOUNTANT_PORT"])
	compose("stop")
	for _, id := range strings.Fields(compose("ps", "-q")) {
		if ended := strings.TrimSpace(output(t, nil, "docker", "inspect", "-f", "{{.State.ExitCode}} {{.Config.User}} {{.HostConfig.ReadonlyRootfs}}", id)); ended != "0 65532:65532 true" {
			t.Errorf("a container ended with %q", ended)
		}
	}
	compose("up", "-d", "--no-deps", "--no-build", "relay", "functions", "query")
	if after := winners(t, settings["QUERY_PORT"], len(before)); !slices.Equal(after, before) {
		t.Errorf("the figures are %v after a restart, and were %v", after, before)
	}
}

// asksForThePassword waits for the accountant's app, which lets nobody in without it.
func asksForThePassword(t *testing.T, port string) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+"/sales/new", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			got = err.Error()
			continue
		}
		_ = response.Body.Close()
		if got = response.Request.URL.Path; got == "/sign-in" && response.StatusCode == http.StatusOK {
			return
		}
	}
	t.Errorf("who asks the accountant's app for a form is led to %s", got)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// winner is a product with what it earned.
type winner struct {
	ID      string `json:"product_id"`
	Revenue int64  `json:"revenue"`
	Orders  int    `json:"orders"`
}

// winners waits until the query API shows at least so many products that have earned.
func winners(t *testing.T, port string, least int) []winner {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		var body struct{ Items []winner }
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+"/v1/product-winners?window=all", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			err = json.NewDecoder(response.Body).Decode(&body)
			_ = response.Body.Close()
		}
		if err == nil && len(body.Items) >= least && least > 0 && body.Items[0].Revenue > 0 {
			return body.Items
		}
		if time.Now().After(deadline) {
			t.Fatalf("the query API shows %v after a minute (%v)", body.Items, err)
		}
	}
}

// healthy waits until the container of a service says so by its own check.
func healthy(t *testing.T, compose func(...string) string, service string) {
	t.Helper()
	id := strings.TrimSpace(compose("ps", "-q", service))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		health := strings.TrimSpace(output(t, nil, "docker", "inspect", "-f", "{{.State.Health.Status}}", id))
		if health == "healthy" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is %s after a minute", service, health)
		}
	}
}
