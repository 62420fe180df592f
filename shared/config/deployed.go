package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The names of what can be deployed by itself beside the analytics, which have
// their own.
const (
	FunctionQuery       = "query"
	FunctionReview      = "review"
	FunctionDeadLetters = "dead-letters"
)

// deployed lists the settings of functions that run by themselves.
func deployed() []Setting {
	return []Setting{
		{
			Name: "FUNCTION", Deployed: true, Form: "product-winners, loss-risk, client-promotions, freshness, query, review or (Knative) dead-letters", Purpose: "Which function a deployed program is.",
			set: func(c *Config, s string) error { c.Function = s; return nil },
		},
		{
			Name: "PORT", Default: "8080", Deployed: true, Form: "a port, 0 to 65535", Purpose: "Where the program for Knative listens; 0 takes a free one, which it logs.",
			set: func(c *Config, s string) (err error) { c.Port, err = whole(s, 0, 65535); return err },
		},
		{
			Name: "SHUTDOWN_GRACE", Default: "25s", Deployed: true, Form: "a duration, 1s to 1h", Purpose: "How long the program for Knative finishes what is in hand once it is told to end. Keep it below the pod's terminationGracePeriodSeconds.",
			set: func(c *Config, s string) (err error) {
				c.ShutdownGrace, err = duration(s, time.Second, time.Hour)
				return err
			},
		},
		{
			Name: "EVENT_PATIENCE", Default: "2m", Deployed: true, Form: "a duration, 0s to 1h", Purpose: "How long the program for Knative holds an event that cannot be applied yet, and tries it again, before it answers 503. Sources try a few times only; held, a few times outlast an outage. Keep it below the service's timeoutSeconds.",
			set: func(c *Config, s string) (err error) {
				c.EventPatience, err = duration(s, 0, time.Hour)
				return err
			},
		},
	}
}

// LoadDeployed is Load for a program that is deployed by itself: FUNCTION must be
// one of functions, and the settings that it requires must be set. All that is
// wrong and all that is missing is reported at once.
func LoadDeployed(functions []string, requires func(function string) []string, sources ...Source) (*Config, error) {
	c, faults := resolve(sources, true)
	if !slices.Contains(functions, c.Function) {
		fault := "FUNCTION is not set"
		if c.Function != "" {
			fault = fmt.Sprintf("FUNCTION=%s is no function", c.Function)
		}
		faults = append(faults, fault+": name one of "+strings.Join(functions, ", "))
	}
	for _, name := range requires(c.Function) {
		i := slices.IndexFunc(c.Values, func(v Value) bool { return v.Setting.Name == name })
		if i >= 0 && c.Values[i].Text == "" {
			faults = append(faults, fmt.Sprintf("%s is not set; it wants %s", name, c.Values[i].Setting.Form))
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}
