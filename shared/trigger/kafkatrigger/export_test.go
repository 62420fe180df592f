package kafkatrigger

import (
	"context"

	"comptoir/shared/records"
)

// SpoilAnswers has f change what brokers answer, before it is read.
func (k *Consumer) SpoilAnswers(f func(records.Fetched) records.Fetched) {
	k.fetcher = spoiled{k.fetcher, f}
}

type spoiled struct {
	fetcher
	f func(records.Fetched) records.Fetched
}

func (s spoiled) Fetch(ctx context.Context, r records.FetchRequest, buf []byte) (records.Fetched, []byte, error) {
	got, buf, err := s.fetcher.Fetch(ctx, r, buf)
	if err == nil {
		got = s.f(got)
	}
	return got, buf, err
}
