package broker

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"comptoir/shared/event"
	"comptoir/shared/records"
)

// TestMemoryDoesNotGrowWithTheLog fills a broker in a child process, kills it,
// starts it again, and prints its resident memory at each step. BROKER_RECORDS
// sets the number of records: 2,200,000 is four times the real year.
func TestMemoryDoesNotGrowWithTheLog(t *testing.T) {
	total, err := strconv.Atoi(os.Getenv("BROKER_RECORDS"))
	if err != nil {
		t.Skip("set BROKER_RECORDS, such as 2200000")
	}
	dir := t.TempDir()
	cmd, _, says := spawn(t, dir)
	c := connect(t, strings.TrimPrefix(says, "listening "))
	if _, err := c.Migrate(t.Context(), records.Layout{Partitions: 8}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	const size = 1600
	for i := 0; i*size < total; i++ {
		messages := make([]event.Message, size)
		for j := range messages {
			n := i*size + j
			id, err := uuid.NewV7()
			if err != nil {
				t.Fatal(err)
			}
			messages[j] = event.Encode(event.Attributes{
				ID: id.String(), Source: "/ledgers/0198c5f2-9d4e-7c3a-8d1b-2f6b8f0a1c3d", Type: event.ProductSold, Subject: fmt.Sprintf("INV-%06d", n/20),
				Time: time.Now(), Key: strconv.Itoa(20000 + n%4000), Revision: int64(n), Stream: fmt.Sprintf("sales/%d", i%8), Sequence: int64(n),
			}, fmt.Appendf(nil, `{"document_id":"INV-%06d","date":"2011-12-09","name":"PRODUCT NUMBER %d","quantity":%d,"net":%d,"cost":%d,"currency":"GBP","first_sold_on":"2010-12-01","last_sold_on":"2011-12-09"}`, n/20, n%4000, n%17, n%9999, n%5555))
		}
		if _, err := c.Produce(t.Context(), "sales", int32(i%8), messages); err != nil {
			t.Fatal(err)
		}
		if i%(total/size/4) == 0 {
			t.Logf("%8d records: %s", i*size, rss(t, cmd.Process.Pid))
		}
	}
	t.Logf("%8d records produced in %v: %s", total, time.Since(began).Round(time.Millisecond), rss(t, cmd.Process.Pid))
	read := 0
	began = time.Now()
	for p := range int32(8) {
		held, err := c.Offsets(t.Context(), "sales", p)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Scan(t.Context(), "sales", p, 0, held.End, func(*records.Record) error { read++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%8d records read in %v: %s", read, time.Since(began).Round(time.Millisecond), rss(t, cmd.Process.Pid))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	began = time.Now()
	cmd, in, _ := spawn(t, dir)
	t.Logf("started after kill -9 in %v: %s", time.Since(began).Round(time.Millisecond), rss(t, cmd.Process.Pid))
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	cmd, in, _ = spawn(t, dir)
	t.Logf("started after an orderly end in %v: %s", time.Since(began).Round(time.Millisecond), rss(t, cmd.Process.Pid))
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

func rss(t *testing.T, pid int) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("no /proc here")
	}
	var parts []string
	for line := range strings.Lines(string(b)) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); name == "VmRSS" || name == "VmHWM" {
			parts = append(parts, name+" "+strings.TrimSpace(value))
		}
	}
	return strings.Join(parts, ", ")
}
