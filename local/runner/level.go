package runner

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/records"
)

// FunctionProgress is how far one function has come with what lies on Kafka.
type FunctionProgress struct {
	Function string
	// Behind counts the records that are still to be read.
	Behind int64
	// Records and DeadLetters count what was read, and kept aside, since the state was made.
	Records, DeadLetters int64
	// Missing counts events that the ledger has numbered and that never came.
	Missing int64
}

// Level waits until everything that was recorded before the call is applied:
// the relay has published it, and each function has read its topics to their
// end. Run must be running. How far the functions are is given to progress, if set,
// each time that it looks.
func (a *App) Level(ctx context.Context, progress func([]FunctionProgress)) error {
	if a.relay != nil {
		if err := a.relay.Level(ctx); err != nil {
			return err
		}
	}
	if len(a.engines) == 0 {
		return nil
	}
	ends, err := a.ends(ctx)
	if err != nil {
		return err
	}
	for {
		all, err := a.progress(ctx, ends)
		if err != nil {
			return err
		}
		if progress != nil {
			progress(all)
		}
		var behind int64
		for _, p := range all {
			behind += p.Behind
		}
		if behind == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ends asks where each partition that a function reads ends now, by the
// partition's logical name, such as sales/3.
func (a *App) ends(ctx context.Context) (map[string]records.Range, error) {
	names := a.cluster.Topics()
	wanted, logical := map[string][]int32{}, map[string]event.Topic{}
	for _, e := range a.engines {
		for _, topic := range e.Function().Topics {
			name := names.Name(topic)
			if wanted[name] != nil {
				continue
			}
			n, err := a.cluster.Partitions(ctx, name)
			if err != nil {
				return nil, err
			}
			if n == 0 {
				return nil, fmt.Errorf("%w: the topic %s does not exist on Kafka; run `comptoir migrate`", records.ErrTopic, name)
			}
			logical[name] = topic
			for p := range n {
				wanted[name] = append(wanted[name], int32(p))
			}
		}
	}
	found, err := a.cluster.AllOffsets(ctx, wanted)
	if err != nil {
		return nil, err
	}
	ends := map[string]records.Range{}
	for name, partitions := range found {
		for p, r := range partitions {
			ends[string(logical[name])+"/"+strconv.Itoa(int(p))] = r
		}
	}
	return ends, nil
}

func (a *App) progress(ctx context.Context, ends map[string]records.Range) ([]FunctionProgress, error) {
	var ids []string
	for _, e := range a.engines {
		for stream := range ends {
			ids = append(ids, projection.CheckpointID(e.Function().Name, stream))
		}
	}
	live, err := liveEpoch(ctx, a.state)
	if err != nil {
		return nil, err
	}
	docs, err := projection.At(a.state, live).Load(ctx, &projection.Checkpoints, ids)
	if err != nil {
		return nil, err
	}
	all := make([]FunctionProgress, 0, len(a.engines))
	for _, e := range a.engines {
		f := e.Function()
		p := FunctionProgress{Function: f.Name}
		reads := map[event.Topic]bool{}
		for _, t := range f.Topics {
			reads[t] = true
		}
		for stream, r := range ends {
			if !reads[topicOf(stream)] {
				continue
			}
			next := r.First
			if c, ok := docs[projection.CheckpointID(f.Name, stream)].(*projection.Checkpoint); ok {
				next = max(next, c.Offset)
				p.Records += c.Records
				p.DeadLetters += c.DeadLetters
				for i := range c.Sources {
					p.Missing += c.Sources[i].Gaps()
				}
			}
			p.Behind += max(0, r.End-next)
		}
		all = append(all, p)
	}
	return all, nil
}

func topicOf(stream string) event.Topic {
	topic, _, _ := strings.Cut(stream, "/")
	return event.Topic(topic)
}
