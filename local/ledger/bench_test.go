package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// year is the shape of the real year: documents, lines, products, clients.
const (
	yearDocuments = 23_795
	yearLines     = 539_391
	yearProducts  = 4_070
	yearClients   = 4_372
)

// BenchmarkYear imports documents of the shape of the real year, 500 a
// transaction, and reads all of their events. count says whether the stock was
// counted before, as in the real year; without, each sale moves stock.
func BenchmarkYear(b *testing.B) {
	for _, counted := range []bool{true, false} {
		b.Run("counted="+strconv.FormatBool(counted), func(b *testing.B) {
			for range b.N {
				importYear(b, counted)
			}
		})
	}
}

func importYear(b *testing.B, counted bool) {
	ctx := context.Background()
	l := newLedger(b, "GBP", "2011-12-09")
	fill(b, l, counted)
	r := rand.New(rand.NewPCG(1, 2))
	popular := rand.NewZipf(r, 1.1, 40, yearProducts-1)
	names := make([]string, yearProducts)
	for i := range names {
		names[i] = fmt.Sprintf("WHITE HANGING HEART T-LIGHT HOLDER %d", i)
	}
	start := day("2010-12-01")
	yearDocuments, yearLines := yearDocuments, yearLines
	if testing.Short() {
		yearDocuments, yearLines = yearDocuments/8, yearLines/8
	}
	work := used()
	begun, lines := time.Now(), 0
	for done := 0; done < yearDocuments; {
		if err := l.RecordBulk(ctx, "import", func(tx *Tx) error {
			for n := 0; n < 500 && done < yearDocuments; n++ {
				reference := strconv.Itoa(536365 + done)
				if _, ok, err := tx.EntryByReference(reference); ok || err != nil {
					return err
				}
				size := yearLines*(done+1)/yearDocuments - lines
				lines += size
				rows := make([]Line, size)
				for i := range rows {
					p := int(popular.Uint64())
					rows[i] = Line{Product: strconv.Itoa(10000 + p), Description: names[p], Quantity: money.Quantity(1+r.IntN(12)) * 1000, UnitPrice: money.Price(85+r.IntN(500)) * 10000}
				}
				v := Invoice{Reference: reference, Date: start + event.Date(done*373/yearDocuments), Lines: rows}
				if done%6 > 0 {
					v.Client = strconv.Itoa(12000 + r.IntN(yearClients))
				}
				if _, err := tx.Invoice(v); err != nil {
					return err
				}
				done++
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	owed, err := l.Settle(ctx, "import")
	if err != nil {
		b.Fatal(err)
	}
	imported, importing := time.Since(begun), used()-work
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	peak := usage.Maxrss // KiB

	begun = time.Now()
	events := 0
	heads, _, err := l.Heads(ctx)
	if err != nil {
		b.Fatal(err)
	}
	for stream := range heads {
		for from := int64(1); ; {
			page, err := l.Events(ctx, stream, from, 5000)
			if err != nil {
				b.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			events += len(page)
			from = page[len(page)-1].Sequence + 1
		}
	}
	read, reading := time.Since(begun), used()-work-importing
	file, _ := os.Stat(l.Path())
	b.Logf("%d lines, %d documents, %d owed: %.2f s (%.2f s of CPU); %d events read at %.0f/s (%.0f a second of CPU); file %d MB; peak memory %d MB",
		lines, yearDocuments, owed, imported.Seconds(), importing.Seconds(), events, float64(events)/read.Seconds(), float64(events)/reading.Seconds(), file.Size()>>20, peak>>10)
	b.ReportMetric(imported.Seconds(), "s/import")
	b.ReportMetric(float64(events)/read.Seconds(), "events/s")
}

// used is the processor time of this process: a busy machine does not change it much.
func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func fill(b *testing.B, l *Ledger, counted bool) {
	record(b, l, func(tx *Tx) error {
		count := StockCount{Date: day("2011-12-09")}
		for p := range yearProducts {
			id := strconv.Itoa(10000 + p)
			if _, err := tx.PutProduct(Product{ID: id, Name: "Product " + id, Kind: event.KindStock, BuyPrice: money.Some(50)}); err != nil {
				return err
			}
			count.Products = append(count.Products, CountedProduct{Product: id, Lots: []CountedLot{{Lot: "L1", OnHand: 234_000, UnitCost: money.Some(59)}}})
		}
		for c := range yearClients {
			if _, err := tx.PutClient(Client{ID: strconv.Itoa(12000 + c), Name: "Client"}); err != nil {
				return err
			}
		}
		if !counted {
			return nil
		}
		_, err := tx.Count(count)
		return err
	})
}
