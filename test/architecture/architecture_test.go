// Package architecture holds the directions of imports: who may know whom.
package architecture

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "comptoir"
	root   = "../.."
)

// rule allows the packages and files that match In to import, of what Of
// matches, only what Allow matches. Patterns are paths: "a/b" is that one, "a/..." all
// at or below it, "..." everything. The module's own packages are written without its name.
type rule struct {
	Why   string
	In    []string
	But   []string // not these
	Of    []string
	Allow []string
	Tests bool // the rule holds for _test.go files too
}

var (
	ours    = []string{"shared/...", "functions/...", "local/...", "test/...", "admin/..."}
	drivers = []string{
		"github.com/segmentio/kafka-go/...", "github.com/twmb/franz-go/...", "github.com/aws/...",
		"modernc.org/...", "database/sql/...", "go.mongodb.org/...", "github.com/cloudevents/sdk-go/v2/protocol/...",
	}
	kafka   = []string{"github.com/segmentio/kafka-go/...", "github.com/twmb/franz-go/..."}
	lambda  = []string{"github.com/aws/..."}
	sqlite  = []string{"modernc.org/...", "database/sql/..."}
	outside = []string{"net/...", "os/...", "log/...", "context", "io/...", "sync/...", "syscall", "math/rand/...", "unsafe", "reflect", "runtime/..."}
)

var rules = []rule{
	{Why: "what is shared knows neither functions nor the shop's machine", In: []string{"shared/..."}, Of: ours, Allow: []string{"shared/..."}, Tests: true},
	{Why: "money knows nothing of ours", In: []string{"shared/money"}, Of: ours},
	{Why: "events stand on money alone", In: []string{"shared/event/..."}, Of: ours, Allow: []string{"shared/money", "shared/event/..."}},
	{Why: "the engine stands on events and money", In: []string{"shared/projection"}, Of: ours, Allow: []string{"shared/event", "shared/money"}},
	{Why: "settings stand beside events", In: []string{"shared/config"}, Of: ours, Allow: []string{"shared/event", "shared/money"}},
	{Why: "Kafka records stand beside the engine", In: []string{"shared/records/..."}, Of: ours, Allow: []string{"shared/records/...", "shared/event", "shared/money", "shared/projection", "shared/config"}},
	{Why: "a store knows the engine, not who calls it", In: []string{"shared/state/..."}, Of: ours, Allow: []string{"shared/state/...", "shared/projection", "shared/event", "shared/money"}},

	{
		Why: "a function knows the engine and the events, no other function", In: []string{"functions/..."}, But: []string{"functions", "functions/cmd/...", "functions/query/...", "functions/setup"},
		Of: ours, Allow: []string{"shared/projection", "shared/event", "shared/money"},
	},
	{Why: "the registry names the functions and nothing else", In: []string{"functions"}, Of: ours, Allow: []string{"functions/...", "shared/projection", "shared/event", "shared/money"}},
	{
		Why: "the query function sees its Reader and plain values", In: []string{"functions/query/..."},
		Of: ours, Allow: []string{"functions/query/...", "shared/state", "shared/projection", "shared/event", "shared/money"},
	},
	{Why: "functions never import a trigger or a driver", In: []string{"functions/..."}, But: []string{"functions/cmd/..."}, Of: append([]string{"shared/trigger/..."}, drivers...)},
	{Why: "what is deployed never imports the shop's machine", In: []string{"functions/..."}, Of: []string{"local/..."}},

	{
		Why: "what functions are put together from knows settings, Kafka's configuration and MongoDB", In: []string{"functions/setup"}, Of: ours,
		Allow: []string{"functions", "shared/config", "shared/records", "shared/state/mongostate", "shared/projection", "shared/event", "shared/money"},
	},
	{Why: "only a main chooses a trigger", In: []string{"functions/cmd/internal/..."}, Of: append([]string{"shared/trigger/..."}, drivers...)},
	{
		Why: "a trigger knows the engine and the records, no state and no other trigger", In: []string{"shared/trigger/..."}, But: []string{"shared/trigger/triggertest"},
		Of: []string{"shared/state/...", "shared/trigger/..."},
	},

	{Why: "rules are pure: the standard library, events, money", In: pureFiles, Of: []string{"..."}, Allow: []string{"std/...", "shared/event", "shared/money"}},
	{Why: "rules do no I/O and have no clock, context or logger", In: pureFiles, Of: outside},

	{Why: "only triggers, records, the broker and mains know Kafka", In: []string{"..."}, But: []string{"shared/trigger/...", "shared/records/...", "local/broker/...", "functions/cmd/...", "local/cmd/...", "test/bench"}, Of: kafka},
	{Why: "only the knative trigger knows CloudEvents over HTTP", In: []string{"..."}, But: []string{"shared/trigger/knativetrigger"}, Of: []string{"github.com/cloudevents/sdk-go/v2/protocol/..."}},
	{Why: "only the lambda trigger and its main know AWS", In: []string{"..."}, But: []string{"shared/trigger/lambdatrigger", "functions/cmd/lambda"}, Of: lambda},
	{Why: "only the two databases' owners and the audit of them know SQL", In: []string{"..."}, But: []string{"local/ledger/...", "local/verify/...", "shared/state/sqlitestate/...", "test/bench"}, Of: sqlite},
	{
		Why: "only runner, commands and tests put parts together", In: []string{"local/..."}, But: []string{"local/runner/...", "local/cli/...", "local/cmd/...", "local/verify/...", "local/publish"},
		Of: []string{"functions/...", "shared/state/...", "shared/trigger/...", "local/cli/...", "local/runner/..."},
	},
	{
		Why: "publishing reads the query function's answers, and reaches neither Kafka, ledger, functions nor a store of the state", In: []string{"local/publish"},
		Of: ours, Allow: []string{"functions/query"},
	},
	{Why: "only publishing knows object stores", In: []string{"..."}, But: []string{"local/publish", "test/objectstore"}, Of: []string{"github.com/minio/..."}},
	{Why: "how people write numbers and dates is known without files and books", In: []string{"local/notation"}, Of: ours, Allow: []string{"shared/event"}},
	{Why: "a workbook is read without knowing what is in it", In: []string{"local/workbook"}, Of: ours},
	{Why: "a table is written without knowing what is in it", In: []string{"local/tables"}, Of: ours, Allow: []string{"local/workbook", "shared/event"}},
	{Why: "only who writes workbooks knows excelize", In: []string{"..."}, But: []string{"local/importer", "local/tables"}, Of: []string{"github.com/xuri/excelize/..."}},
	{
		Why: "an import knows the ledger and files, not who asks for it", In: []string{"local/importer"}, Of: ours,
		Allow: []string{"local/ledger", "local/notation", "local/tables", "local/workbook", "shared/event", "shared/money"},
	},
	{
		Why: "the accountant's app writes into the ledger and knows nothing of what becomes of it: it asks through an interface", In: []string{"local/accountant"},
		Of: ours, Allow: []string{"local/ledger", "local/importer", "local/notation", "local/tables", "shared/event", "shared/money"},
	},
	{Why: "only the runner puts the accountant's app beside the rest", In: []string{"..."}, But: []string{"local/accountant", "local/runner"}, Of: []string{"local/accountant"}},
	{Why: "the page is files: it knows nothing of ours", In: []string{"admin/..."}, Of: ours},
	{Why: "only who serves or publishes the page knows it", In: []string{"..."}, But: []string{"admin/...", "local/runner", "local/cli"}, Of: []string{"admin/..."}},
	{Why: "no part depends on the command line", In: []string{"..."}, But: []string{"local/cli/...", "local/cmd/..."}, Of: []string{"github.com/spf13/..."}},
}

// pureFiles are the files that decide.
var pureFiles = []string{"functions/productwinners/rules*.go", "functions/lossrisk/rules*.go", "functions/clientpromotions/rules*.go", "functions/freshness/rules*.go", "shared/projection/watermark.go", "shared/money/*.go"}

func TestImportsRunDownwards(t *testing.T) {
	files := tree(t)
	if len(files) < 20 {
		t.Fatalf("only %d files were found: is the root right?", len(files))
	}
	for _, f := range files {
		for _, fault := range check(f, rules) {
			t.Error(fault)
		}
	}
}

// What each rule is for must be refused by it, or the rule holds nothing.
func TestRulesRefuse(t *testing.T) {
	for _, c := range []struct{ file, imports string }{
		{"shared/event/x.go", "shared/projection"},
		{"shared/records/x.go", "functions/lossrisk"},
		{"shared/state/x_test.go", "local/ledger"},
		{"shared/money/x.go", "shared/event"},
		{"functions/lossrisk/function.go", "functions/productwinners"},
		{"functions/lossrisk/function.go", "shared/state/sqlitestate"},
		{"functions/lossrisk/rules.go", "shared/projection"},
		{"functions/lossrisk/rules_abc.go", "context"},
		{"functions/lossrisk/rules.go", "github.com/google/uuid"},
		{"functions/query/http.go", "shared/state/sqlitestate"},
		{"functions/query/http.go", "database/sql"},
		{"functions/cmd/lambda/main.go", "local/ledger"},
		{"local/ledger/x.go", "github.com/segmentio/kafka-go"},
		{"local/relay/x.go", "functions/query"},
		{"local/runner/x.go", "modernc.org/sqlite"},
		{"shared/trigger/kafkatrigger/x.go", "github.com/aws/aws-lambda-go/lambda"},
		{"local/runner/x.go", "github.com/spf13/cobra"},
		{"local/publish/x.go", "local/ledger"},
		{"local/accountant/sale.go", "functions/query"},
		{"local/accountant/delivery.go", "local/relay"},
		{"local/accountant/entries.go", "database/sql"},
		{"local/importer/x.go", "local/accountant"},
		{"local/publish/x.go", "shared/state/sqlitestate"},
		{"local/cli/publish.go", "github.com/minio/minio-go/v7"},
		{"local/importer/x.go", "local/accountant"},
		{"local/workbook/x.go", "local/ledger"},
		{"local/tables/x.go", "local/ledger"},
		{"local/notation/x.go", "local/workbook"},
		{"local/ledger/x.go", "github.com/xuri/excelize/v2"},
		{"admin/admin.go", "functions/query"},
		{"functions/query/http.go", "admin"},
		{"functions/setup/x.go", "shared/state/sqlitestate"},
		{"functions/cmd/internal/deployed/x.go", "shared/trigger/lambdatrigger"},
		{"functions/cmd/knative/main.go", "github.com/aws/aws-lambda-go/lambda"},
		{"functions/cmd/knative/main.go", "github.com/cloudevents/sdk-go/v2/protocol/http"},
		{"shared/trigger/lambdatrigger/x.go", "shared/trigger/knativetrigger"},
		{"shared/trigger/knativetrigger/x.go", "shared/state/mongostate"},
	} {
		if len(check(file{c.file, []string{c.imports}}, rules)) == 0 {
			t.Errorf("no rule refuses that %s imports %s", c.file, c.imports)
		}
	}
	for _, c := range []struct{ file, imports string }{
		{"functions/lossrisk/rules.go", "slices"},
		{"functions/lossrisk/function.go", "shared/projection"},
		{"functions/functions.go", "functions/lossrisk"},
		{"shared/trigger/kafkatrigger/x.go", "github.com/segmentio/kafka-go"},
	} {
		if faults := check(file{c.file, []string{c.imports}}, rules); len(faults) > 0 {
			t.Errorf("what is allowed is refused: %v", faults)
		}
	}
}

type file struct {
	path    string
	imports []string
}

func check(f file, rules []rule) (faults []string) {
	pkg, test := path.Dir(f.path), strings.HasSuffix(f.path, "_test.go")
	for _, r := range rules {
		if test && !r.Tests || !matches(r.In, pkg, f.path) || matches(r.But, pkg) {
			continue
		}
		for _, i := range f.imports {
			if matches(r.Of, i) && !matches(r.Allow, i, std(i)) && !within(i, pkg, r) {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", f.path, i, r.Why))
			}
		}
	}
	return faults
}

// within lets a function's folder use its own sub-packages.
func within(imported, pkg string, r rule) bool {
	return slices.Contains(r.In, "functions/...") && strings.HasPrefix(imported, pkg+"/")
}

// std writes a package of the standard library as std/<path>.
func std(i string) string {
	first, _, _ := strings.Cut(i, "/")
	if strings.Contains(first, ".") || matches(ours, i) || i == "functions" {
		return i
	}
	return "std/" + i
}

func matches(patterns []string, names ...string) bool {
	for _, p := range patterns {
		for _, n := range names {
			if below, ok := strings.CutSuffix(p, "..."); ok {
				if strings.HasPrefix(n+"/", below) {
					return true
				}
			} else if ok, err := path.Match(p, n); err == nil && ok {
				return true
			}
		}
	}
	return false
}

// tree parses the imports of every Go file of the module.
func tree(t *testing.T) (files []file) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if name := d.Name(); rel != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil && rel != "." {
				return fs.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := file{path: rel}
		for _, i := range parsed.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, strings.TrimPrefix(name, module+"/"))
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
