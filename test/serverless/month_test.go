package serverless

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The month is the last that the year's table has, the nine days of December 2011
// until its end. SERVERLESS_WHOLE_YEAR=1 takes the year.
var firstDay = time.Date(2011, time.December, 1, 0, 0, 0, 0, time.UTC)

func fromDay() time.Time {
	if os.Getenv("SERVERLESS_WHOLE_YEAR") != "" {
		return time.Time{}
	}
	return firstDay
}

const demo = "../../local/demo"

// month writes the month's documents, and the products and stock of what they sell.
func month(t *testing.T, dir string) (files []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(demo, "online-retail.csv.gz"))
	must(t, err)
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	must(t, err)
	sold := map[string]bool{}
	sales := filter(t, unpacked, filepath.Join(dir, "sales.csv"), func(row []string) bool {
		at, err := time.Parse("2006-01-02 15:04", row[4])
		must(t, err)
		if at.Before(fromDay()) {
			return false
		}
		sold[row[1]] = true
		return true
	})
	for _, name := range []string{"products", "stock"} {
		f, err := os.Open(filepath.Join(demo, "online-retail-"+name+".csv"))
		must(t, err)
		files = append(files, filter(t, f, filepath.Join(dir, name+".csv"), func(row []string) bool { return sold[row[0]] }))
		must(t, f.Close())
	}
	return append(files, sales)
}

// filter copies the head and the rows that are kept.
func filter(t *testing.T, from io.Reader, to string, keep func([]string) bool) string {
	t.Helper()
	out, err := os.Create(to)
	must(t, err)
	r, w := csv.NewReader(from), csv.NewWriter(out)
	for head := true; ; head = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if head || keep(row) {
			must(t, w.Write(row))
		}
	}
	w.Flush()
	must(t, w.Error(), out.Close())
	return to
}

// shop imports the month and runs all of it locally to its end. What is published
// stays on Kafka; the documents are in the database of the settings.
func shop(t *testing.T) map[string]string {
	t.Helper()
	settings := with(needServers(t), "BUSINESS_DATE", "2011-12-09", "CURRENCY", "GBP", "BUSINESS_TIMEZONE", "Europe/London",
		"PARTITIONS", "32") // a KafkaSource brings one record of each at a time
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	run(t, settings, "migrate", "--data", data)
	run(t, settings, append(append([]string{"import"}, month(t, dir)...), "--profile", "online-retail", "--data", data)...)
	began := time.Now()
	t.Log(run(t, with(settings, "LOG_LEVEL", "warn"), "run", "--until-caught-up", "--data", data, "--query-addr", "127.0.0.1:0"))
	t.Logf("the local run took %.1f s", time.Since(began).Seconds())
	return settings
}
