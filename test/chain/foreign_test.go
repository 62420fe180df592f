package chain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comptoir/test/command"
)

// A till of another producer sells too: with revisions and without, each event
// sent twice. It counts once, and verify tells it apart from the books.
func TestForeign(t *testing.T) {
	b, loaded := loadedPart(t)
	s := copied(t, loaded)
	product, client := b.bestseller(), "14646"
	winner, buyer := b.figures.Products["30d"][product], b.figures.Clients[client]
	run := s.start("run")
	// Its broker is taken by who comes first.
	s.eventually("it runs", func() bool { return strings.Contains(run.Err.String(), `"running"`) }, run)

	event := func(source, id, kind, key, revision, data string) string {
		if revision != "" {
			revision = `"revision":` + revision + ","
		}
		return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":%q,"type":"comptoir.%s","subject":"T-1","time":"2011-12-09T12:00:00Z","partitionkey":%q,%s"datacontenttype":"application/json","data":%s}`+"\n",
			id, source, kind, key, revision, data)
	}
	var lines strings.Builder
	for _, till := range []struct {
		source    string
		revisions [2]string
	}{{"/tills/1", [2]string{"1", "2"}}, {"/tills/without-revisions", [2]string{"", ""}}} {
		for i, revision := range till.revisions {
			id := fmt.Sprintf("e-%d", i)
			lines.WriteString(event(till.source, "p"+id, "product.sold", product, revision,
				`{"document_id":"T-`+id+`","date":"2011-12-09","name":"AT THE TILL","quantity":3,"net":1001,"cost":500,"currency":"GBP"}`))
			lines.WriteString(event(till.source, "c"+id, "client.invoiced", client, revision,
				`{"document_id":"T-`+id+`","date":"2011-12-09","net":1001,"currency":"GBP"}`))
		}
	}
	file := write(t, filepath.Join(t.TempDir(), "till.jsonl"), lines.String())
	send := func() {
		t.Helper()
		if p := s.must("send", file); !strings.Contains(p.Out.String(), "8 events sent") {
			t.Error(p.Out.String())
		}
	}
	send()
	send()
	run.signal(os.Interrupt)
	run.exits(0)
	send() // by a broker that is there for this alone
	s.catchUp()

	// Four sales of the product and of the client, however often they were sent.
	want := map[string]int64{
		product + " revenue": winner.Revenue + 4*1001, product + " cost": winner.Cost + 4*500,
		product + " units": winner.Units + 4*3, product + " orders": winner.Orders + 4,
		client + " revenue": buyer.Revenue + 4*1001, client + " orders": buyer.Orders + 4,
	}
	for _, d := range s.differences(b) {
		name := d.Item + " " + d.Field
		switch {
		case d.Item != product && d.Item != client && d.Field != "rank" && d.Field != "abc":
			t.Errorf("the till's sales moved %s", d)
		case d.Got == fmt.Sprint(want[name]):
			delete(want, name)
		}
	}
	if len(want) > 0 {
		t.Errorf("these are not as they have to be: %v", want)
	}

	said := s.must("verify").Out.String()
	for _, id := range []string{"product_winners " + product, "clients " + client} {
		if !strings.Contains(said, "added by other sources, which the books cannot confirm: "+id) {
			t.Errorf("verify does not tell of %s:\n%s", id, command.Tail(said))
		}
	}
	s.do("verify", "--strict").refuses("--strict")
}
