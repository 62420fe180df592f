package deploy

import (
	"html"
	"os"
	"regexp"
	"strings"
	"testing"
)

// inlineRules matches the two rules that name, by their hashes, what the page carries
// in index.html itself.
var inlineRules = regexp.MustCompile(`script-src 'self' 'sha256-[^']+'; style-src 'sha256-[^']+';`)

// TestTheHeadersAllowWhatThePageCarriesInline holds the template's
// Content-Security-Policy to that of the page, which changes with each build of it;
// UPDATE_TEMPLATE=1 writes it anew.
func TestTheHeadersAllowWhatThePageCarriesInline(t *testing.T) {
	text, err := os.ReadFile(templateFile)
	if err != nil {
		t.Fatal(err)
	}
	sent := inlineRules.FindAllString(string(text), -1)
	if len(sent) != 1 {
		t.Fatalf("template.yaml names the page's script and style by their hashes %d times, not once", len(sent))
	}
	page, err := os.ReadFile("../../admin/dist/index.html")
	if os.IsNotExist(err) {
		return // no page is built here: make deploy-page says so too
	}
	if err != nil {
		t.Fatal(err)
	}
	own := inlineRules.FindString(html.UnescapeString(string(page)))
	if own == "" {
		t.Fatal("admin/dist/index.html does not name its script and style by their hashes")
	}
	if os.Getenv("UPDATE_TEMPLATE") != "" {
		if err := os.WriteFile(templateFile, []byte(strings.Replace(string(text), sent[0], own, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if sent[0] != own {
		t.Errorf("CloudFront would not let the page run: template.yaml sends\n%s\nand the page is\n%s\nUPDATE_TEMPLATE=1 go test ./test/deploy -run Inline", sent[0], own)
	}
}
