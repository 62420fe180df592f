// Package demo holds the real year that `comptoir demo` loads, inside the
// binary. Where it comes from, and how it is read, stands in ATTRIBUTION.md.
package demo

import (
	"embed"
	"io"
	"time"

	"comptoir/local/importer"
	"comptoir/shared/event"
	"comptoir/shared/money"
)

//go:embed online-retail.csv.gz online-retail-products.csv online-retail-stock.csv ATTRIBUTION.md
var data embed.FS

// Currency is that of the year's prices, and Profile how its tables are read.
const (
	Currency money.Currency = "GBP"
	Profile                 = importer.OnlineRetail
)

// BusinessDate is the last day of the year, at whose end the stock was counted.
func BusinessDate() event.Date { return event.NewDate(2011, time.December, 9) }

// Files are the catalogue, the stock count and the year's documents.
func Files() []importer.File {
	var files []importer.File
	for _, name := range [...]string{"online-retail-products.csv", "online-retail-stock.csv", "online-retail.csv.gz"} {
		files = append(files, importer.File{Name: name, Open: func() (io.ReadCloser, error) { return data.Open(name) }})
	}
	return files
}

// Attribution names the source of the data, as it has to go wherever they go.
func Attribution() string {
	text, _ := data.ReadFile("ATTRIBUTION.md") // embedded, so it is there
	return string(text)
}
