package config

import (
	"fmt"
	"strings"
)

// Table returns the settings as a table in Markdown, for docs/configuration.md.
func Table() string {
	var b strings.Builder
	b.WriteString("| setting | default | form | what it is for |\n|---|---|---|---|\n")
	for _, s := range Settings() {
		def := "–"
		if s.Default != "" {
			def = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, def, strings.ReplaceAll(s.Form, "|", `\|`), strings.ReplaceAll(s.Purpose, "|", `\|`))
	}
	return b.String()
}
