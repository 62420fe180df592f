package state

import "errors"

// ErrNothingYet says that there is no state to read yet: no function has
// written any. It is no fault; the same question has an answer once the
// functions have run.
var ErrNothingYet = errors.New("nothing has been computed yet: start the functions with `comptoir run`, and record or import something")

// ErrNewerLayout says that a state database was made by a newer version, which
// this one must not touch.
var ErrNewerLayout = errors.New("it was made by a newer version of comptoir: run that version, or name another data directory")
