package lambdatrigger

import "context"

// Tick is the function behind a schedule: whatever it is invoked with, it calls
// review, whose context ends early enough for an answer. It is lambda.Handler.
type Tick struct{ Review func(context.Context) error }

// Invoke reviews. An error lets the schedule's retries and alarms see it.
func (t Tick) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	work, cancel := early(ctx)
	defer cancel()
	if err := t.Review(work); err != nil {
		return nil, err
	}
	return []byte("null"), nil
}
