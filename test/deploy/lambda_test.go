package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"comptoir/local/cli"
	"comptoir/local/datadir"
	"comptoir/test/harness"
)

// sam runs a tool of deploy/lambda and returns its stdout.
func sam(t *testing.T, arguments ...string) string {
	t.Helper()
	return output(t, nil, "../../deploy/lambda/sam.sh", arguments...)
}

// output runs a program for up to four minutes and returns its stdout; what it writes
// to stderr is shown where it fails.
func output(t *testing.T, settings map[string]string, program string, arguments ...string) string {
	t.Helper()
	out, errs, err := run(t, settings, program, arguments...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(arguments, " "), err, out, errs)
	}
	return out
}

func run(t *testing.T, settings map[string]string, program string, arguments ...string) (out, errs string, err error) {
	t.Helper()
	return runReading(t, nil, settings, program, arguments...)
}

// runReading is run with something on the program's standard input.
func runReading(t *testing.T, in io.Reader, settings map[string]string, program string, arguments ...string) (out, errs string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 4*time.Minute) // it also tidies up
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = os.Environ()
	for name, value := range settings {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

// needsTools skips a test where the part deploy of test/all does not run.
func needsTools(t *testing.T) {
	t.Helper()
	if os.Getenv("COMPTOIR_TEST_DEPLOY") == "" {
		t.Skip("the tools of the deployments are not to be used here: test/all deploy does")
	}
}

func TestTheTemplateIsOneForSAM(t *testing.T) {
	needsTools(t)
	if out := sam(t, "sam", "validate", "--lint", "-t", templateFile); !strings.Contains(out, "is a valid SAM Template") {
		t.Errorf("sam validate --lint: %s", out)
	}
}

func TestWhatCloudFormationMakesOfTheTemplateIsRight(t *testing.T) {
	needsTools(t)
	translated := t.TempDir() + "/translated.json"
	if err := os.WriteFile(translated, []byte(sam(t, "python", "../../deploy/lambda/translate.py", templateFile)), 0o600); err != nil {
		t.Fatal(err)
	}
	sam(t, "cfn-lint", "--regions", "eu-west-1", "-t", translated)
}

// lambdaPlace is a place of its own on the servers of the tests, migrated as a user does it.
func lambdaPlace(t *testing.T) map[string]string {
	t.Helper()
	settings := harness.Servers(t)
	if settings["KAFKA_BOOTSTRAP_SERVERS"] == "" || settings["MONGODB_URI"] == "" {
		t.Skip("there are no servers to keep dead letters and state on: test/all deploy starts some")
	}
	settings["CURRENCY"], settings["BUSINESS_TIMEZONE"] = "EUR", "Europe/Paris"
	arguments := []string{"migrate", "--data", t.TempDir()}
	for name, value := range settings {
		arguments = append(arguments, "--"+strings.ToLower(strings.ReplaceAll(name, "_", "-"))+"="+value)
	}
	if code := cli.Main(arguments, nil, io.Discard, os.Stderr); code != 0 {
		t.Fatalf("comptoir migrate ended with %d", code)
	}
	return settings
}

// invoke is make lambda-invoke; the answer and what the function logged.
func invoke(t *testing.T, with string, settings map[string]string, function, payload string) (answer, log string) {
	t.Helper()
	out, errs, err := run(t, settings, "../../deploy/lambda/invoke.sh", "--with", with, function, payloadDir+"/"+payload)
	if err != nil {
		t.Fatalf("lambda-invoke --with %s %s %s: %v\n%s%s", with, function, payload, err, out, errs)
	}
	return strings.TrimSpace(out), errs
}

// TestEveryFunctionUnderTheEmulator invokes each function as Lambda does, and looks at
// what it made of the shop's entries: each counts once, whatever is brought twice.
func TestEveryFunctionUnderTheEmulator(t *testing.T) {
	needsTools(t)
	settings := lambdaPlace(t)
	folds(t, "emulator", settings)

	answer, log := invoke(t, "emulator", settings, "product-winners", "poison.json")
	if !done(answer) {
		t.Errorf("a record that can never be applied is asked for again: %s", answer)
	}
	// What the template's alarm counts; see its metric filters.
	if !strings.Contains(log, `"dead_letters":1`) {
		t.Errorf("the log does not count the dead letter:\n%s", log)
	}
	books := t.TempDir()
	if _, err := datadir.Open(books, true); err != nil {
		t.Fatal(err)
	}
	kept := output(t, settings, "go", "run", "../../local/cmd/comptoir", "dead-letters", "list", "--data", books)
	if !strings.Contains(kept, "product-winners") || !strings.Contains(kept, "quantity") {
		t.Errorf("the dead letters are\n%s", kept)
	}
	figures(t, "emulator", settings)
}

// TestEveryFunctionInSAMsContainers does the same with the functions as `sam build`
// makes them of the template, in containers of a Docker engine.
func TestEveryFunctionInSAMsContainers(t *testing.T) {
	needsTools(t)
	gateway := os.Getenv("COMPTOIR_TEST_DOCKER_GATEWAY")
	if gateway == "" {
		t.Skip("no Docker engine can be started here, so there is no sam local invoke: see what test/all deploy says")
	}
	settings := maps.Clone(lambdaPlace(t))
	settings["MONGODB_URI"] = seenFrom(t, gateway, settings["MONGODB_URI"])
	folds(t, "sam", settings)
	figures(t, "sam", settings)
}

// folds brings every analytic its payload, and one of them twice.
func folds(t *testing.T, with string, settings map[string]string) {
	t.Helper()
	for _, f := range registry() {
		if answer, log := invoke(t, with, settings, f.Name, f.Name+".json"); !done(answer) {
			t.Errorf("%s answers %s\n%s", f.Name, answer, log)
		}
	}
	if answer, _ := invoke(t, with, settings, "product-winners", "product-winners.json"); !done(answer) {
		t.Errorf("product-winners answers a redelivery with %s", answer)
	}
	if _, log := invoke(t, with, settings, "review", "review.json"); strings.Count(log, `"msg":"review"`) != len(registry()) {
		t.Errorf("review did not look at every analytic:\n%s", log)
	}
}

// done tells whether nothing is asked for again.
func done(answer string) bool {
	var a struct {
		BatchItemFailures *[]json.RawMessage `json:"batchItemFailures"`
	}
	return json.Unmarshal([]byte(answer), &a) == nil && a.BatchItemFailures != nil && len(*a.BatchItemFailures) == 0
}

// figures asks the query function for what the shop's entries come to.
func figures(t *testing.T, with string, settings map[string]string) {
	t.Helper()
	answer, log := invoke(t, with, settings, "query", "query.json")
	var response struct {
		StatusCode int
		Body       string
	}
	var body struct {
		Currency string
		Items    []struct {
			ProductID string `json:"product_id"`
			Units     float64
			Revenue   int64
			Cost      int64
			Orders    int
		}
	}
	if err := json.Unmarshal([]byte(answer), &response); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("query answers %s (%v)\n%s", answer, err, log)
	}
	if err := json.Unmarshal([]byte(response.Body), &body); err != nil {
		t.Fatalf("query's body is %s: %v", response.Body, err)
	}
	if len(body.Items) != 2 || body.Currency != "EUR" {
		t.Fatalf("query's body is %s", response.Body)
	}
	// Two sales of 60 and 6 at 12.75 each, costing 6.70; one of 100 at 2.95, costing 1.45.
	if i := body.Items[0]; i.ProductID != "22423" || i.Units != 66 || i.Revenue != 84_150 || i.Cost != 44_220 || i.Orders != 2 {
		t.Errorf("the best product is %+v", i)
	}
	if i := body.Items[1]; i.ProductID != "22086" || i.Units != 100 || i.Revenue != 29_500 || i.Cost != 14_500 || i.Orders != 1 {
		t.Errorf("the second product is %+v", i)
	}
}

// seenFrom is a URI of this machine's loopback as containers reach it.
func seenFrom(t *testing.T, gateway, text string) string {
	t.Helper()
	uri, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	uri.Host = forward(t, gateway, uri.Host)
	return uri.String()
}

// forward makes a server of this machine's loopback known at the gateway's address,
// where containers see the machine, until the test ends.
func forward(t *testing.T, gateway, server string) (address string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", gateway+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go join(t.Context(), in, server)
		}
	}()
	return l.Addr().String()
}

func join(ctx context.Context, in net.Conn, server string) {
	defer in.Close()
	out, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
	if err != nil {
		return
	}
	defer out.Close()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // an end of either side ends both
			ended <- struct{}{}
		}()
	}
	<-ended
}

func TestInvokingWronglySaysHow(t *testing.T) {
	needsTools(t)
	for name, c := range map[string]struct {
		arguments []string
		want      string
	}{
		"no payload":          {[]string{"freshness", "no/such.json"}, "no/such.json cannot be read"},
		"nothing":             {nil, "invoke.sh [--with sam|emulator] FUNCTION EVENT"},
		"an unknown function": {[]string{"--with", "emulator", "sales-winners", payloadDir + "/freshness.json"}, "no function sales-winners: it is one of product-winners"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, err := run(t, nil, "../../deploy/lambda/invoke.sh", c.arguments...)
			if err == nil || !strings.Contains(out+errs, c.want) {
				t.Errorf("it says (%v)\n%s%s", err, out, errs)
			}
		})
	}
}
