package accountant

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"comptoir/local/importer"
	"comptoir/local/notation"
)

// Question asks how a column is read whose values can be read in two ways, by one of them.
type Question struct {
	Name, Text string
	Ways       []Option
	Chosen     string
	Fault      string
}

// questions are one for each column that is asked about.
func (r *request) questions(asked []importer.Ambiguity, f *form) []Question {
	all := make([]Question, len(asked))
	for i, a := range asked {
		q := Question{Name: fmt.Sprintf("answer-%d", i)}
		place := r.say.T("%s, row %s", a.File, plainInt(int64(a.Row)))
		if a.Cell != "" {
			place = a.Sheet + "!" + a.Cell
		}
		q.Text = r.say.T("%s, column “%s”: “%s” is", place, a.Column, strings.TrimSpace(a.Value))
		q.Ways, q.Chosen, q.Fault = r.ways(a), f.Get(q.Name), f.Faults[q.Name]
		all[i] = q
	}
	return all
}

// ways are the two readings of the value of a column that is asked about.
func (r *request) ways(a importer.Ambiguity) []Option {
	if a.Dates {
		dayFirst, _, _ := notation.Date(a.Value, notation.DayFirst) // both can be read: that is why it is asked
		monthFirst, _, _ := notation.Date(a.Value, notation.MonthFirst)
		return []Option{{"day-first", r.say.T("%s: the day first", r.say.Date(dayFirst))}, {"month-first", r.say.T("%s: the month first", r.say.Date(monthFirst))}}
	}
	way := func(value string, mark notation.Mark) (o Option, fraction bool) {
		plain, _, _ := notation.Number(strings.TrimSuffix(strings.TrimSpace(a.Value), "%"), mark)
		if whole, decimals, dotted := strings.Cut(plain, "."); dotted {
			short := strings.TrimSuffix(whole+"."+strings.TrimRight(decimals, "0"), ".")
			return Option{value, r.say.T("%s: the mark stands before decimals", r.say.number(short))}, true
		}
		return Option{value, r.say.T("%s: the mark stands between thousands", r.say.number(plain))}, false
	}
	comma, first := way("comma", notation.Comma)
	point, _ := way("point", notation.Point)
	if first {
		return []Option{comma, point}
	}
	return []Option{point, comma}
}

// answerUpload reads how ambiguous columns are meant, and tries again once each is answered.
func (r *request) answerUpload() error {
	j := r.uploadInPath()
	if j == nil {
		return r.missing()
	}
	v := j.look()
	if v.State != jobAsking { // it was answered before
		return r.redirect("/uploads/" + j.ID)
	}
	f := r.form()
	answers := maps.Clone(v.Answers)
	if answers == nil {
		answers = map[importer.ColumnID]importer.Answer{}
	}
	for i, a := range v.Asked {
		name := fmt.Sprintf("answer-%d", i)
		said, ok := map[string]importer.Answer{
			"day-first": {Dates: notation.DayFirst}, "month-first": {Dates: notation.MonthFirst}, "comma": {Decimal: notation.Comma}, "point": {Decimal: notation.Point},
		}[f.Get(name)]
		if ok && a.Dates == (said.Dates != notation.EitherOrder) {
			answers[a.ID] = said
			continue
		}
		f.fault(name, r.say.T("Say how “%s” is meant in the column “%s”.", strings.TrimSpace(a.Value), a.Column))
	}
	if !f.good() {
		return r.showUploadWith(http.StatusUnprocessableEntity, j, f)
	}
	j.mu.Lock()
	j.Answers = answers
	j.mu.Unlock()
	r.try(j)
	return r.redirect("/uploads/" + j.ID)
}

func (r *request) showUpload() error {
	j := r.uploadInPath()
	if j == nil {
		return r.missing()
	}
	return r.showUploadWith(http.StatusOK, j, r.blank(url.Values{}))
}
