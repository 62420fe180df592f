package event

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTimesAreReadAsTheLibraryReadsThem compares on right times in any zone.
func TestTimesAreReadAsTheLibraryReadsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", 60*rapid.IntRange(-1439, 1439).Draw(t, "minutes"))
		at := time.Unix(rapid.Int64Range(86400, 253402214399).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).In(zone)
		text := at.Format(time.RFC3339Nano)
		if got, ok := scanTime([]byte(text)); !ok || got != at.UTC() {
			t.Fatalf("%s is read as %v, %v", text, got, ok)
		}
	})
}
