package accountant

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"comptoir/local/ledger"
)

// voids are the imports that are, or were, voided as a whole since the process began. One
// that the end of the process cuts off stands in part, and the same again goes on.
type voids struct {
	mu      sync.Mutex
	all     map[int64]*voiding
	working sync.WaitGroup
	ending  bool
}

// voiding is how far a void is.
type voiding struct {
	since       time.Time
	done, total int
	result      *ledger.VoidedImport // nil until it has ended
	err         error
	ended       chan struct{}
	cancel      context.CancelCauseFunc
}

func (v voiding) running() bool { return v.ended != nil && v.result == nil }

// look tells how far the void of an import is.
func (s *voids) look(id int64) voiding {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.all[id]; v != nil {
		return *v
	}
	return voiding{}
}

// begin voids an import, unless that is under way already, and returns what is closed at its end.
func (s *voids) begin(ctx context.Context, id int64, void func(ctx context.Context, progress func(done, total int)) (ledger.VoidedImport, error)) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.all[id]; v != nil && v.running() {
		return v.ended
	}
	v := &voiding{since: time.Now(), ended: make(chan struct{})}
	ctx, v.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	if s.all == nil {
		s.all = map[int64]*voiding{}
	}
	s.all[id] = v
	if s.ending {
		v.cancel(errStopped)
		v.result, v.err = &ledger.VoidedImport{}, errStopped
		close(v.ended)
		return v.ended
	}
	s.working.Go(func() {
		defer v.cancel(nil)
		result, err := tried(func() (ledger.VoidedImport, error) {
			return void(ctx, func(done, total int) {
				s.mu.Lock()
				defer s.mu.Unlock()
				v.done, v.total = done, total
			})
		})
		s.mu.Lock()
		defer s.mu.Unlock()
		v.result, v.err = &result, err
		close(v.ended)
	})
	return v.ended
}

// forget lets go of a void whose end was told to who asked for it.
func (s *voids) forget(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.all[id]; v != nil && !v.running() {
		delete(s.all, id)
	}
}

// tried makes an error of a panic, as a page does that panics.
func tried(f func() (ledger.VoidedImport, error)) (result ledger.VoidedImport, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("voiding the import: the program failed at it (%v); what was voided stands, and the same again goes on", thrown)
		}
	}()
	return f()
}

// stop ends what is under way, and waits for it.
func (s *voids) stop() {
	s.mu.Lock()
	s.ending = true
	for _, v := range s.all {
		v.cancel(errStopped)
	}
	s.mu.Unlock()
	s.working.Wait()
}

// voidPatience is how long an answer waits for a void: most are done by then.
const voidPatience = 500 * time.Millisecond

// voidImport voids an import as a whole. What takes longer goes on behind the page,
// which tells how far it is.
func (r *request) voidImport() error {
	v, ok, err := r.importInPath()
	if err != nil {
		return err
	}
	if !ok {
		return r.missing()
	}
	f := r.form()
	reason := f.needed("reason")
	if !f.good() {
		return r.showImportWith(http.StatusUnprocessableEntity, f)
	}
	who, l, wake := r.who, r.app.ledger, r.app.c.Wake
	ended := r.app.voids.begin(r.Context(), v.ID, func(ctx context.Context, progress func(done, total int)) (ledger.VoidedImport, error) {
		defer wake()
		return l.VoidImport(ctx, v.ID, who, reason, progress)
	})
	select {
	case <-ended:
	case <-time.After(voidPatience):
	}
	if w := r.app.voids.look(v.ID); !w.running() && w.err != nil {
		r.app.voids.forget(v.ID)
		if err := f.refused(w.err, func(string) string { return "reason" }); err != nil {
			return err
		}
		return r.showImportWith(http.StatusUnprocessableEntity, f)
	}
	return r.redirect(fmt.Sprintf("/imports/%d", v.ID))
}

func (r *request) voidProgress() error {
	v, ok, err := r.importInPath()
	if err != nil {
		return err
	}
	if !ok {
		return r.missing()
	}
	r.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(r.w).Encode(r.toldOfVoid(r.app.voids.look(v.ID)))
}

func (r *request) toldOfVoid(v voiding) progressTold {
	t := progressTold{Running: v.running(), Done: v.done, Total: v.total}
	if t.Running {
		t.Text = r.say.T("documents: %s of %s", r.say.Count(int64(t.Done)), r.say.Count(int64(t.Total))) + r.pace(v.since, t.Done, t.Total-t.Done)
	}
	return t
}
