package query

// Addresses returns the addresses of the state with the parameters that they
// take, and the values that these may have where they are listed.
func Addresses() map[string]map[string][]string {
	listed := map[string][]string{
		"window": {"7d", "30d", "all"}, "flag": flagNames(), "tier": Tiers[:], "order": {"asc", "desc"}, "moved": {string(Gained), string(Lost)},
		"/v1/product-winners": sortNames(winnerSorters), "/v1/loss-risk": sortNames(lotSorters), "/v1/client-promotions": sortNames(clientSorters),
	}
	all := map[string]map[string][]string{}
	for _, rt := range routes() {
		all[rt.pattern] = map[string][]string{}
		for _, p := range rt.params {
			all[rt.pattern][p] = listed[p]
			if p == "sort" {
				all[rt.pattern][p] = listed[rt.pattern]
			}
		}
	}
	return all
}
