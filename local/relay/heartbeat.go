package relay

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"

	"comptoir/shared/event"
)

// pulse is a heartbeat that waits until what it will say is true.
type pulse struct {
	heads map[string]int64
	at    time.Time
	sent  chan error // nil before it is sent
}

func newPulse(heads map[string]int64, at time.Time) *pulse {
	return &pulse{heads: maps.Clone(heads), at: at}
}

// beat sends the pulse once everything that was recorded before its time has
// been published, and returns it until it is done. One that fails is not sent
// again: the next one says more.
func (r *Relay) beat(ctx context.Context, workers *sync.WaitGroup, p *pulse) *pulse {
	if p == nil {
		return nil
	}
	if p.sent == nil {
		r.mu.Lock()
		ready := r.covers(p.heads)
		r.mu.Unlock()
		if ready {
			p.sent = make(chan error, 1)
			workers.Go(func() { p.sent <- r.sendPulse(ctx, p) })
		}
		return p
	}
	select {
	case err := <-p.sent:
		if err != nil {
			if ctx.Err() == nil && r.trouble.met(err) {
				r.o.Cluster.Reset()
			}
			return nil
		}
		r.trouble.over()
		r.mu.Lock()
		r.heartbeat = p.at
		r.mu.Unlock()
		return nil
	default:
		return p
	}
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

func (r *Relay) sendPulse(ctx context.Context, p *pulse) error {
	id, err := r.o.NewID()
	if err != nil {
		return fmt.Errorf("making a heartbeat: %w", err)
	}
	source := r.o.Ledger.Source()
	m := event.Encode(event.Attributes{
		ID: id, Source: source, Type: event.RelayHeartbeat, Subject: source, Time: p.at, Key: source,
	}, event.MarshalData(&event.Heartbeat{Currency: r.o.Ledger.Currency(), Streams: p.heads}))
	topic := r.o.Cluster.Topics().Name(event.Heartbeats)
	if _, err := r.o.Cluster.Produce(ctx, topic, 0, []event.Message{m}); err != nil {
		return err
	}
	return nil
}
