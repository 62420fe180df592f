package year

import (
	"encoding/csv"
	"os"
	"testing"
)

// Each document is in one file as a whole, in all files together there are those that
// are chosen and no others, and one file has the same rows as several.
func TestSplit(t *testing.T) {
	sales := In("../../local/demo").Sales
	rows := func(every, n int) (all [][]string, fileOf map[string]int) {
		files, err := Split(sales, t.TempDir(), every, n)
		if err != nil {
			t.Fatal(err)
		}
		fileOf = map[string]int{}
		for i, name := range files {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			table, err := csv.NewReader(f).ReadAll()
			if err != nil || len(table) < 2 || table[0][0] != "InvoiceNo" {
				t.Fatalf("%s has %d rows: %v", name, len(table), err)
			}
			for _, row := range table[1:] {
				if at, ok := fileOf[row[0]]; ok && at != i {
					t.Fatalf("%s is in two files", row[0])
				}
				fileOf[row[0]] = i
				all = append(all, row)
			}
		}
		return all, fileOf
	}
	one, documents := rows(8, 1)
	several, same := rows(8, 9)
	if len(one) != len(several) || len(documents) != len(same) {
		t.Errorf("one file has %d rows of %d documents, nine have %d of %d", len(one), len(documents), len(several), len(same))
	}
	if n := len(documents); n < 25_900/10 || n > 25_900/6 {
		t.Errorf("an eighth of some 25,900 documents cannot be %d", n)
	}
	if whole, _ := rows(1, 1); len(whole) != 541_909 {
		t.Errorf("the whole has %d rows, want 541,909", len(whole))
	}
}
