package year

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
)

// Split writes the table of sales into n files of dir, as CSV, of all its
// documents or of about every so-many-th. A document stands in one file as a whole, in the
// order of the table, and the files have about as many documents each.
func Split(sales, dir string, every, n int) (files []string, err error) {
	in, err := os.Open(sales)
	if err != nil {
		return nil, fmt.Errorf("splitting the year: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", sales, err)
	}
	all, err := csv.NewReader(unpacked).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", sales, err)
	}
	rows, order := all[1:], map[string]int{}
	for _, row := range rows {
		if _, known := order[row[0]]; !known && chosen(row[0], every) {
			order[row[0]] = len(order)
		}
	}
	parts := make([][][]string, n)
	for _, row := range rows {
		if at, ok := order[row[0]]; ok {
			i := at * n / len(order)
			parts[i] = append(parts[i], row)
		}
	}
	for i, part := range parts {
		name := filepath.Join(dir, fmt.Sprintf("sales-%04d.csv", i+1))
		if err := writeTable(name, all[0], part); err != nil {
			return nil, fmt.Errorf("splitting the year: %w", err)
		}
		files = append(files, name)
	}
	return files, nil
}

func chosen(document string, every int) bool {
	h := fnv.New32a()
	_, _ = io.WriteString(h, document) // never fails
	return h.Sum32()%uint32(every) == 0
}

func writeTable(name string, head []string, rows [][]string) (err error) {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := csv.NewWriter(out)
	if err := w.Write(head); err != nil {
		return err
	}
	return w.WriteAll(rows)
}
