package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"comptoir/functions/query"
)

// The files that are replaced. All others are named by their content.
const (
	indexName   = "index.json"
	journalName = "publisher.json"
	pageName    = "index.html"
	configName  = "config.json"
	assets      = "assets/"
)

// Index is index.json: what is published, and under which names.
type Index struct {
	// Version is that of the state and of every file that is named.
	Version     string    `json:"version"`
	PublishedAt time.Time `json:"published_at"`
	// Every is within how many seconds the next index was promised; null for no promise.
	Every *int `json:"every"`
	// Buckets is over how many files the products are spread.
	Buckets int          `json:"buckets"`
	Status  query.Status `json:"status"`
	// Files gives the name of each file by what it holds: overview,
	// product-winners/7d, products/12.
	Files map[string]string `json:"files"`
}

// journal is publisher.json: it marks a place as one of snapshots, and keeps since
// when files are named by no index.
type journal struct {
	Layout  int                  `json:"layout"`
	About   string               `json:"about"`
	Retired map[string]time.Time `json:"retired"`
}

const (
	layout = 1
	about  = "Kept by `comptoir publish`, which owns the files beside this one: since when files are named by no index."
)

var contentName = regexp.MustCompile(`^[0-9a-f]{32}\.json$`)

// lasting tells whether another content would have another name.
func lasting(name string) bool {
	return contentName.MatchString(name) || strings.HasPrefix(name, assets)
}

// nameOf names a file by its content: 128 bits of its SHA-256.
func nameOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16]) + ".json"
}

func decode(place fmt.Stringer, name string, content []byte, into any) error {
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("reading %s in %s, which is not of the form that this version knows: %w; empty the place, and publish again", name, place, err)
	}
	return nil
}
