package query_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/functions/query"
	"comptoir/shared/event"
)

// bigShop has 4,000 products with figures on up to 65 days each.
func bigShop() shop {
	rnd := rand.New(rand.NewPCG(1, 2))
	docs := map[string]string{}
	for i := range 4000 {
		var days []string
		for d := range 65 {
			if rnd.IntN(4) == 0 {
				days = append(days, fmt.Sprintf(`{"day":%q,"units":6,"revenue":1530,"cost":700,"costed_revenue":1530,"orders":2}`, (today-event.Date(64-d)).String()))
			}
		}
		doc := productOf(fmt.Sprintf("PRODUCT NUMBER %d", i), "stock", window("12.5", rnd.Int64N(1e6), rnd.Int64N(5e5)))
		docs[fmt.Sprintf("%05d", 20000+i)] = strings.Replace(doc, `"days":[{"day":"2026-03-09","units":1.5,"revenue":900,"cost":400,"costed_revenue":900,"orders":1}]`, `"days":[`+strings.Join(days, ",")+`]`, 1)
	}
	return shop{"product_winners": docs}
}

func BenchmarkLoad4000Products(b *testing.B) {
	reader := bigShop().open(b)
	b.ReportAllocs()
	for b.Loop() {
		read[query.WinnersPage](b, newService(b, reader).Handler(), "/v1/product-winners?limit=1")
	}
}

func benchmarkRequest(b *testing.B, address string, headers ...string) {
	h := newService(b, bigShop().open(b), func(c *query.Config) { c.Hold = time.Hour }).Handler()
	get(b, h, address)
	b.ReportAllocs()
	for b.Loop() {
		if res := get(b, h, address, headers...); res.StatusCode >= http.StatusBadRequest {
			b.Fatal(res.Status)
		}
	}
}

func BenchmarkCachedPage(b *testing.B) { benchmarkRequest(b, "/v1/product-winners?limit=100") }
func BenchmarkCachedPageGzip(b *testing.B) {
	benchmarkRequest(b, "/v1/product-winners?limit=100", "Accept-Encoding", "gzip")
}

func BenchmarkCachedSearch(b *testing.B) {
	benchmarkRequest(b, "/v1/product-winners?q=number+39&sort=margin&all=true")
}

func BenchmarkCachedNotModified(b *testing.B) {
	benchmarkRequest(b, "/v1/product-winners?limit=100", "If-None-Match", "*")
}
func BenchmarkCachedOverview(b *testing.B) { benchmarkRequest(b, "/v1/overview") }
