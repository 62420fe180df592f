package query

import (
	"context"
	_ "embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"
)

//go:embed openapi.json
var openAPI []byte

// route is one address of the API.
type route struct {
	pattern string
	// params are the query parameters that it takes.
	params []string
	// answer makes the answer; nil for what is not of the state.
	answer func(ctx context.Context, s *Service, r *reading, v values) (answer, error)
	// live answers change without a new version; their ETag is of their content.
	live bool
}

// answer is what a route answers with, and what is logged of it.
type answer struct {
	body         any
	shown, total int
	note         string
}

// values are the parameters of a request that are not empty, and the id in its path.
type values map[string]string

const idValue = "{id}"

var listParams = []string{"sort", "order", "q", "all", "limit", "offset", "cursor"}

func routes() []route {
	return []route{
		{pattern: "/v1/product-winners", params: append([]string{"window", "category", "below_minimum"}, listParams...), answer: answerWinners},
		{pattern: "/v1/product-winners/{id}", answer: func(ctx context.Context, s *Service, r *reading, v values) (answer, error) {
			d, err := s.winner(ctx, r, v[idValue])
			return answer{body: d, shown: 1, total: 1}, err
		}},
		{pattern: "/v1/loss-risk", params: append([]string{"flag", "category"}, listParams...), answer: answerRisks},
		{pattern: "/v1/loss-risk/{id}", answer: func(ctx context.Context, s *Service, r *reading, v values) (answer, error) {
			d, err := s.risk(ctx, r, v[idValue])
			return answer{body: d, shown: len(d.Lots), total: len(d.Lots)}, err
		}},
		{pattern: "/v1/client-promotions", params: append([]string{"eligible", "tier", "moved"}, listParams...), answer: answerClients},
		{pattern: "/v1/client-promotions/{id}", answer: func(ctx context.Context, s *Service, r *reading, v values) (answer, error) {
			d, err := s.client(ctx, r, v[idValue])
			return answer{body: d, shown: 1, total: 1}, err
		}},
		{pattern: "/v1/overview", answer: func(ctx context.Context, s *Service, r *reading, _ values) (answer, error) {
			o, err := s.overview(ctx, r)
			return answer{body: o, shown: 1, total: 1, note: o.Note}, err
		}},
		{pattern: "/v1/status", live: true, answer: func(ctx context.Context, s *Service, r *reading, _ values) (answer, error) {
			st, err := s.status(ctx, r)
			return answer{body: st, shown: len(st.Functions), total: len(st.Functions), note: st.Note}, err
		}},
	}
}

func answerWinners(ctx context.Context, s *Service, r *reading, v values) (answer, error) {
	q := WinnersQuery{Window: Window(v["window"]), Category: v["category"]}
	var err error
	if q.BelowMinimum, err = v.truth("below_minimum"); err != nil {
		return answer{}, err
	}
	if q.ListQuery, err = v.list(); err != nil {
		return answer{}, err
	}
	page, err := s.winners(ctx, r, q)
	return answer{page, len(page.Items), page.Total, page.Note}, err
}

func answerRisks(ctx context.Context, s *Service, r *reading, v values) (answer, error) {
	q := RiskQuery{Flag: Flag(v["flag"]), Category: v["category"]}
	var err error
	if q.ListQuery, err = v.list(); err != nil {
		return answer{}, err
	}
	page, err := s.risks(ctx, r, q)
	return answer{page, len(page.Items), page.Total, page.Note}, err
}

func answerClients(ctx context.Context, s *Service, r *reading, v values) (answer, error) {
	q := ClientsQuery{Tier: v["tier"], Moved: Move(v["moved"])}
	var err error
	if q.Eligible, err = v.truth("eligible"); err != nil {
		return answer{}, err
	}
	if q.ListQuery, err = v.list(); err != nil {
		return answer{}, err
	}
	page, err := s.promotions(ctx, r, q)
	return answer{page, len(page.Items), page.Total, page.Note}, err
}

func (v values) list() (ListQuery, error) {
	q := ListQuery{Sort: v["sort"], Order: v["order"], Q: v["q"], Cursor: v["cursor"]}
	everything, err := v.truth("all")
	if err != nil {
		return q, err
	}
	q.All = everything != nil && *everything
	if text := v["limit"]; text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > MaxLimit {
			return q, badValue("limit", "must be a whole number from 1 to 1000")
		}
		q.Limit = n
	}
	if text := v["offset"]; text != "" {
		if q.Offset, err = strconv.Atoi(text); err != nil || q.Offset < 0 {
			return q, badValue("offset", "must be a whole number from 0 to 1000000")
		}
	}
	return q, nil
}

func (v values) truth(name string) (*bool, error) {
	switch v[name] {
	case "":
		return nil, nil //nolint:nilnil // not asked for
	case "true", "false":
		return ref(v[name] == "true"), nil
	}
	return nil, badValue(name, "must be true or false")
}

// The bounds of what is asked.
const (
	maxQuery = 4096
	maxValue = 200
	maxID    = 256
)

// parse reads the parameters that a route takes, and refuses all others. An
// empty parameter is as good as none.
func parse(rt *route, req *http.Request) (values, error) {
	if len(req.URL.RawQuery) > maxQuery {
		return nil, badQuery("The query is too long: leave out what is not needed.")
	}
	all, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return nil, badQuery("The query is not well formed: write name=value, several with &, other characters as %XX.")
	}
	v := values{}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(rt.params, name) {
			return nil, unknownParameter(name, rt.params)
		}
		given := all[name]
		if len(given) > 1 {
			return nil, badValue(name, "is given more than once: give it once")
		}
		bound := maxValue
		if name == "cursor" {
			bound = maxCursor
		}
		if len(given[0]) > bound || !utf8.ValidString(given[0]) {
			return nil, badValue(name, "is too long, or is no text in UTF-8")
		}
		if given[0] != "" {
			v[name] = given[0]
		}
	}
	if id := req.PathValue("id"); id != "" {
		if len(id) > maxID || !utf8.ValidString(id) {
			return nil, badQuery("The id in the address is too long, or is no text in UTF-8: take an id from the list.")
		}
		v[idValue] = id
	}
	return v, nil
}
