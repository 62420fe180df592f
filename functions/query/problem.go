package query

import (
	"fmt"
	"net/http"
	"strings"
)

// Problem is an error as the API answers it, by RFC 9457. It is also the error
// that the methods of Service return for what the caller can mend.
type Problem struct { //nolint:errname // it is a problem of RFC 9457 first, an error second
	// Type is a URN that names the sort of problem; it never changes.
	Type string `json:"type"`
	// Title is the same for every problem of the type.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail says in one sentence what is wrong here, and what to do.
	Detail string `json:"detail"`
	// Parameter is the query parameter concerned, where there is one.
	Parameter string `json:"parameter,omitempty"`

	// retryAfter is in seconds; 0 for none.
	retryAfter int
	// cause is logged and never answered.
	cause error
}

// Error gives the detail and, where there is one, the cause.
func (p *Problem) Error() string {
	if p.cause != nil {
		return p.Detail + ": " + p.cause.Error()
	}
	return p.Detail
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.cause }

const problemURN = "urn:comptoir:problem:"

func unknownParameter(name string, known []string) *Problem {
	if len(name) > 40 {
		name = name[:40] + "…"
	}
	detail := fmt.Sprintf("There is no parameter %q here: use %s.", name, oneOf(known))
	if len(known) == 0 {
		detail = fmt.Sprintf("There is no parameter %q here: this address takes none.", name)
	}
	return &Problem{Type: problemURN + "unknown-parameter", Title: "Unknown parameter", Status: http.StatusBadRequest, Detail: detail}
}

func badValue(parameter, rule string) *Problem {
	return &Problem{
		Type: problemURN + "bad-value", Title: "Bad value of a parameter", Status: http.StatusBadRequest,
		Detail: fmt.Sprintf("The parameter %s %s.", parameter, rule), Parameter: parameter,
	}
}

func badQuery(detail string) *Problem {
	return &Problem{Type: problemURN + "bad-query", Title: "Bad query", Status: http.StatusBadRequest, Detail: detail}
}

func unknownItem(what string) *Problem {
	return &Problem{
		Type: problemURN + "unknown-item", Title: "Unknown item", Status: http.StatusNotFound,
		Detail: fmt.Sprintf("There is no %s with this id: take an id from the list, and write it as it stands there.", what),
	}
}

func unknownAddress() *Problem {
	return &Problem{
		Type: problemURN + "unknown-address", Title: "Unknown address", Status: http.StatusNotFound,
		Detail: "There is nothing at this address: /v1/openapi.json lists the addresses that there are.",
	}
}

func badMethod() *Problem {
	return &Problem{
		Type: problemURN + "read-only", Title: "Read only", Status: http.StatusMethodNotAllowed,
		Detail: "This API only reads: use GET, HEAD or OPTIONS.",
	}
}

func unreachable(cause error) *Problem {
	return &Problem{
		Type: problemURN + "state-unreachable", Title: "The state cannot be read", Status: http.StatusServiceUnavailable,
		Detail: "The state database cannot be read just now: ask again in a few seconds, and look at the log of the query function if that lasts.",
		cause:  cause, retryAfter: 5,
	}
}

func olderState(read, shown string) *Problem {
	return &Problem{
		Type: problemURN + "state-older", Title: "The state is older than what was shown", Status: http.StatusServiceUnavailable,
		Detail:     "The state database is older than what this server has already shown, and it does not go back: ask again later; after restoring a backup of the state, restart the query function.",
		cause:      fmt.Errorf("version %s was read after version %s", read, shown),
		retryAfter: 5,
	}
}

func unsettled() *Problem {
	return &Problem{
		Type: problemURN + "state-unsettled", Title: "The state changes without pause", Status: http.StatusServiceUnavailable,
		Detail:     "The state changed each time while all of it was read: try again when fewer entries are being applied.",
		retryAfter: 5,
	}
}

func otherCurrency(configured, stored string) *Problem {
	return &Problem{
		Type: problemURN + "currency-differs", Title: "The currency differs", Status: http.StatusServiceUnavailable,
		Detail:     fmt.Sprintf("The state is in %s and the query function is configured for %s: set CURRENCY=%s for it, or name the other state.", stored, configured, stored),
		retryAfter: 60,
	}
}

func internal(cause error) *Problem {
	return &Problem{
		Type: problemURN + "internal", Title: "Internal error", Status: http.StatusInternalServerError,
		Detail: "This answer could not be made: the log of the query function says why.", cause: cause,
	}
}

// oneOf writes "a, b or c".
func oneOf(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
