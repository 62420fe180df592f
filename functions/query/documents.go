package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	jsonx "github.com/go-json-experiment/json"

	"comptoir/shared/event"
	"comptoir/shared/money"
)

// The stored documents, as far as they are shown. The functions write them;
// here they are only read, so a member that is not known is passed over.

type windowDoc struct {
	Units           money.Quantity        `json:"units"`
	Revenue         money.Amount          `json:"revenue"`
	Cost            money.Amount          `json:"cost"`
	CostedRevenue   money.Amount          `json:"costed_revenue"`
	UncostedRevenue money.Amount          `json:"uncosted_revenue"`
	Orders          int64                 `json:"orders"`
	Profit          money.Amount          `json:"profit"`
	Margin          money.NullBasisPoints `json:"margin"`
	BelowMinimum    bool                  `json:"below_minimum"`
}

type dayDoc struct {
	Day           event.Date     `json:"day"`
	Units         money.Quantity `json:"units"`
	Revenue       money.Amount   `json:"revenue"`
	Cost          money.Amount   `json:"cost"`
	CostedRevenue money.Amount   `json:"costed_revenue"`
	Orders        int64          `json:"orders"`
}

type productDoc struct {
	ID          string                `json:"_id"`
	Name        string                `json:"name"`
	Kind        event.Kind            `json:"kind"`
	Category    string                `json:"category"`
	MinMargin   money.NullBasisPoints `json:"min_margin"`
	FirstSoldOn event.Date            `json:"first_sold_on"`
	LastSoldOn  event.Date            `json:"last_sold_on"`
	Days        []dayDoc              `json:"days"`
	Windows     *struct {
		Week        windowDoc `json:"7d"`
		Month       windowDoc `json:"30d"`
		WeekBefore  windowDoc `json:"7d_before"`
		MonthBefore windowDoc `json:"30d_before"`
		All         windowDoc `json:"all"`
	} `json:"windows"`
	Sources []sourceDoc `json:"sources"`
}

var productFields = []string{"name", "kind", "category", "min_margin", "first_sold_on", "last_sold_on", "days", "windows"}

type lotDoc struct {
	Lot         string           `json:"lot"`
	OnHand      money.Quantity   `json:"on_hand"`
	UnitCost    money.NullAmount `json:"unit_cost"`
	ReceivedOn  event.Date       `json:"received_on"`
	ExpiryDate  event.Date       `json:"expiry_date"`
	Flags       []Flag           `json:"flags"`
	Risk        Flag             `json:"risk"`
	ValueAtRisk money.NullAmount `json:"value_at_risk"`
	LostProfit  money.NullAmount `json:"lost_profit"`
}

type stockDoc struct {
	ID         string           `json:"_id"`
	Name       string           `json:"name"`
	Category   string           `json:"category"`
	SellPrice  money.NullAmount `json:"sell_price"`
	LastSoldOn event.Date       `json:"last_sold_on"`
	Lots       []lotDoc         `json:"lots"`
	Sources    []sourceDoc      `json:"sources"`
}

var stockFields = []string{"name", "category", "sell_price", "last_sold_on", "lots"}

type clientDoc struct {
	ID            string            `json:"_id"`
	Name          string            `json:"name"`
	Revenue       money.Amount      `json:"revenue"`
	Orders        int64             `json:"orders"`
	AverageOrder  money.NullAmount  `json:"average_order"`
	FirstPurchase event.Date        `json:"first_purchase"`
	LastPurchase  event.Date        `json:"last_purchase"`
	Tier          string            `json:"tier"`
	Eligible      bool              `json:"eligible"`
	EligibleSince event.Date        `json:"eligible_since"`
	LostAt        event.Date        `json:"lost_at"`
	Progress      money.BasisPoints `json:"progress"`
	Sources       []sourceDoc       `json:"sources"`
}

var clientFields = []string{
	"name", "revenue", "orders", "average_order", "first_purchase", "last_purchase",
	"tier", "eligible", "eligible_since", "lost_at", "progress",
}

type sourceDoc struct {
	Source  string     `json:"source"`
	Applied int64      `json:"applied"`
	Missing [][2]int64 `json:"missing"`
}

// missing counts the numbers that are missing.
func missing(sources []sourceDoc) int64 {
	var n int64
	for _, s := range sources {
		for _, r := range s.Missing {
			n += r[1] - r[0] + 1
		}
	}
	return n
}

type checkpointDoc struct {
	ID           string      `json:"_id"`
	Version      int64       `json:"version"`
	RulesVersion int64       `json:"rules_version"`
	Function     string      `json:"function"`
	Stream       string      `json:"stream"`
	Offset       int64       `json:"offset"`
	Time         time.Time   `json:"time"`
	Records      int64       `json:"records"`
	DeadLetters  int64       `json:"dead_letters"`
	Sources      []sourceDoc `json:"sources"`
}

type heartbeatDoc struct {
	ID       string           `json:"_id"`
	Time     time.Time        `json:"time"`
	Currency money.Currency   `json:"currency"`
	Streams  map[string]int64 `json:"streams"`
}

type settingsDoc struct {
	Currency money.Currency `json:"currency"`
	Ledger   string         `json:"ledger"`
	Epoch    int64          `json:"epoch"`
	Filling  bool           `json:"filling"`
	Rules    map[string]struct {
		Version int64  `json:"version"`
		Hash    string `json:"hash"`
	} `json:"rules"`
}

// A document of another form would be read as zeros and shown as figures, so
// each kind has a member that must be there.

func (d *productDoc) whole() bool { return d.Windows != nil }
func (d *stockDoc) whole() bool   { return d.Lots != nil }
func (d *clientDoc) whole() bool  { return d.Tier != "" }

// decode reads a stored document.
func decode(collection string, raw json.RawMessage, into any) error {
	err := jsonx.Unmarshal(raw, into)
	if d, ok := into.(interface{ whole() bool }); err == nil && ok && !d.whole() {
		err = errors.New("it lacks what its list is made of")
	}
	if err != nil {
		return fmt.Errorf("reading a document of %s, which is not of the form that this version knows: run `comptoir rebuild`: %w", collection, err)
	}
	return nil
}
