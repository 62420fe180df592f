package accountant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"comptoir/local/importer"
	"comptoir/local/ledger"
	"comptoir/shared/event"
)

// keptJobs is how many uploads are kept, with their files, until the oldest goes.
const keptJobs = 10

// jobState is how far an upload has come.
type jobState string

const (
	jobTrying    jobState = "trying"    // the dry run is under way
	jobAsking    jobState = "asking"    // a column can be read in two ways
	jobTried     jobState = "tried"     // the dry run is there to be looked at
	jobRecording jobState = "recording" // what is good is being recorded
	jobDone      jobState = "done"
	jobStopped   jobState = "stopped" // by a person, who can go on
	jobFailed    jobState = "failed"
)

func (s jobState) running() bool { return s == jobTrying || s == jobRecording }

// jobs are the uploads that the app works on. They live as long as the process: what was
// recorded is in the ledger, and the same files again go on behind it.
type jobs struct {
	mu      sync.Mutex
	all     []*job
	working sync.WaitGroup
	stopped bool
}

// job is one upload. Its fields are read by look.
type job struct {
	ID, Who string
	dir     string
	files   []importer.File

	mu     sync.Mutex
	cancel context.CancelCauseFunc
	jobView
}

// jobView is what a page shows of a job.
type jobView struct {
	State     jobState
	Names     []string
	StockDate event.Date
	Answers   map[importer.ColumnID]importer.Answer // replaced, never changed
	Step      importer.Step
	since     time.Time // its stage began
	before    int       // rows done by then
	Asked     []importer.Ambiguity
	Summary   importer.Summary
	Faults    string // the path of what can be fetched of them; "" for nothing
	Fault     string // why it failed, in the importer's English
	Record    bool   // it is, or was, being recorded
	Whole     bool   // all or nothing
}

func (j *job) look() jobView {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.jobView
}

// add keeps a job, and lets the oldest go where there are many.
func (s *jobs) add(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, j)
	for i := 0; len(s.all) > keptJobs && i < len(s.all); {
		if old := s.all[i]; !old.look().State.running() {
			_ = os.RemoveAll(old.dir) // the system clears its temporary files too
			s.all = append(s.all[:i:i], s.all[i+1:]...)
			continue
		}
		i++
	}
}

func (s *jobs) find(id string) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.all {
		if j.ID == id {
			return j
		}
	}
	return nil
}

// stop ends what is under way, waits for it, and removes what was uploaded.
func (s *jobs) stop() {
	s.mu.Lock()
	s.stopped = true
	all := s.all
	s.mu.Unlock()
	for _, j := range all {
		j.stop()
	}
	s.working.Wait()
	for _, j := range all {
		_ = os.RemoveAll(j.dir) // the system clears its temporary files too
	}
}

// errStopped is why an import ends that a person, or the end of the program, has stopped.
var errStopped = errors.New("it was stopped")

func (j *job) stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.cancel != nil {
		j.cancel(errStopped)
	}
}

// run tries or records the files of a job, unless it is under way already. What can be
// fetched of its faults is written for who reads it in say.
func (s *jobs) run(ctx context.Context, j *job, l *ledger.Ledger, say *speaker, record, whole bool, then func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if s.stopped || j.State.running() {
		return
	}
	j.State, j.Fault, j.Asked, j.Faults, j.Record, j.Whole = jobTrying, "", nil, "", record, whole
	if record {
		j.State = jobRecording
	}
	ctx, j.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	o := importer.Options{
		Ledger: l, Files: j.files, Who: j.Who, Answers: j.Answers, StockDate: j.StockDate, DryRun: !record, AllOrNothing: whole,
		Rejects: filepath.Join(j.dir, "faults.csv"), Marked: filepath.Join(j.dir, "faults.xlsx"), Progress: j.progress,
		Say: say.importText, RejectsDialect: say.csv(),
	}
	s.working.Go(func() {
		defer func() {
			// As a page that panics is an error of that page, so is this of the upload.
			if thrown := recover(); thrown != nil {
				j.ended(importer.Summary{}, fmt.Errorf("looking at the files: the program failed at it (%v); what was recorded stands, whole documents only", thrown))
			}
		}()
		_ = os.Remove(o.Marked) // of the run before
		summary, err := importer.Import(ctx, o)
		if errors.Is(err, importer.ErrNotMarked) { // CSV, or too large: the list of faults has to do
			o.Marked = ""
			summary, err = importer.Import(ctx, o)
		}
		j.ended(summary, err)
		then()
	})
}

func (j *job) progress(s importer.Step) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s.Stage != j.Step.Stage {
		j.since, j.before = time.Now(), s.Done
	}
	j.Step = s
}

func (j *job) ended(summary importer.Summary, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cancel(nil)
	j.Step, j.Summary = importer.Step{}, summary
	var asked *importer.AmbiguousError
	switch {
	case errors.As(err, &asked):
		j.State, j.Asked = jobAsking, asked.Columns
	case errors.Is(err, errStopped), errors.Is(err, context.Canceled): // nothing else ends its context
		j.State = jobStopped
	case err != nil:
		j.State, j.Fault = jobFailed, err.Error()
	case j.Record:
		j.State = jobDone
	default:
		j.State = jobTried
	}
	switch {
	case err != nil:
	case summary.MarkedFile != "":
		j.Faults = summary.MarkedFile
	case summary.Rejected > 0:
		j.Faults = summary.RejectsFile
	}
}
