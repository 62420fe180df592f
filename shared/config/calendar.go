package config

import (
	"time"

	"comptoir/shared/event"
)

// Calendar tells which business day it is.
type Calendar struct {
	// Zone is whose midnight ends a day.
	Zone *time.Location
	// Fixed is today where it is set, whatever the clock says.
	Fixed event.Date
	// Now is the clock.
	Now func() time.Time
}

// Calendar returns the calendar of the settings over the machine's clock.
func (c *Config) Calendar() Calendar {
	return Calendar{Zone: c.Zone, Fixed: c.BusinessDate, Now: time.Now}
}

// Today returns the business day.
func (c Calendar) Today() event.Date {
	if c.Fixed != event.NoDate {
		return c.Fixed
	}
	return event.DateOf(c.Now().In(c.Zone))
}
