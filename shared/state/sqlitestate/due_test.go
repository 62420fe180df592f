package sqlitestate

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"comptoir/shared/event"
	"comptoir/shared/projection"
	"comptoir/shared/state/statetest"
)

// However many documents are due, pages give each once, in order, and none reads
// more than it must: few through their index, many on the way through all.
func TestDueWhateverTheNumber(t *testing.T) {
	const all = 22_000
	day := event.NewDate(2011, 12, 9)
	for _, due := range []int{0, 700, manyDue - 1, manyDue} {
		t.Run(fmt.Sprint(due), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			c := statetest.SampleCollection()
			s, err := Open(t.Context(), path, []projection.Collection{c}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			// Every other document that is due is so for its rules, which are of version 1.
			execute(t, path, fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
				INSERT INTO %s (_id, version, review_on, rules_version, doc)
				SELECT printf('%%06d', i * 7919 %% %d), 1, iif(i < %d AND i %% 2 = 0, '2011-12-09', '2011-12-10'), iif(i < %d AND i %% 2 = 1, 1, 2), '{}' FROM n`,
				all-1, quote(c.Name), all, due, due))
			seen, after := 0, ""
			for {
				page, err := s.Due(t.Context(), &c, day, 2, after, 1000)
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range page {
					if id <= after {
						t.Fatalf("%s comes after %s", id, after)
					}
					after = id
				}
				if seen += len(page); len(page) < 1000 {
					break
				}
			}
			if seen != due {
				t.Errorf("%d are due, want %d", seen, due)
			}
			for i := range s.tables[c.Name].reasons {
				r := &s.tables[c.Name].reasons[i]
				for _, query := range []string{r.few, r.many} {
					var plan, detail string
					rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, "2011-12-09", "x", 10)
					if err != nil {
						t.Fatal(err)
					}
					defer rows.Close()
					for rows.Next() {
						var id, parent, unused int
						if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
							t.Fatal(err)
						}
						plan += detail + "; "
					}
					if rows.Err() != nil || !strings.Contains(plan, "SEARCH") || !strings.Contains(plan, c.Name+"__") {
						t.Errorf("%s: %s", query, plan)
					}
				}
			}
		})
	}
}
