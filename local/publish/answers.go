package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"

	"comptoir/functions/query"
)

// The greatest number of bucket files, and how many products one holds before
// there are more of them.
const (
	maxBuckets     = 256
	productsBucket = 64
)

// buckets returns over how many files that many products are spread: a power of
// two, so that few names change where it grows.
func buckets(products int) int {
	n := 1
	for n < maxBuckets && n*productsBucket < products {
		n *= 2
	}
	return n
}

// bucketOf returns the bucket of a product: the 32-bit FNV-1a hash of its id,
// modulo their number.
func bucketOf(id string, buckets int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // it cannot fail
	return int(h.Sum32() % uint32(buckets))
}

// answers hands on all answers of a snapshot, each with its name in the index. Only
// one is in memory at a time.
func answers(ctx context.Context, n *query.Snapshot, names bool, take func(name string, content []byte) error) error {
	each := func(name string, answer any, err error) error {
		if err != nil {
			return err
		}
		content, err := json.Marshal(answer)
		if err != nil {
			return fmt.Errorf("writing %s as JSON: %w", name, err)
		}
		return take(name, append(content, '\n'))
	}
	overview, err := n.Overview(ctx)
	if err := each("overview", withoutNames(&overview.Top.Clients, &overview, names), err); err != nil {
		return err
	}
	for _, w := range query.Windows {
		page, err := n.Winners(ctx, w)
		if err := each("product-winners/"+string(w), &page, err); err != nil {
			return err
		}
	}
	risks, err := n.Risks(ctx)
	if err := each("loss-risk", &risks, err); err != nil {
		return err
	}
	clients, err := n.Clients(ctx)
	if err := each("client-promotions", withoutNames(&clients.Items, &clients, names), err); err != nil {
		return err
	}
	for i, ids := range byBucket(n.ProductIDs()) {
		items, err := n.Products(ctx, ids)
		if err := each(fmt.Sprintf("products/%d", i), items, err); err != nil {
			return err
		}
	}
	return nil
}

// withoutNames returns the answer, with the clients in it nameless unless names
// may be published.
func withoutNames[A any](clients *[]query.Client, answer *A, names bool) *A {
	if !names {
		for i := range *clients {
			(*clients)[i].Name = ""
		}
	}
	return answer
}

func byBucket(ids []string) [][]string {
	all := make([][]string, buckets(len(ids)))
	for _, id := range ids {
		b := bucketOf(id, len(all))
		all[b] = append(all[b], id)
	}
	return all
}
