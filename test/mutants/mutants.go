package main

import "slices"

// mutant is a fault put into the code on purpose, and the test that must see it.
type mutant struct {
	Name  string
	Edits []edit
	Test  test
}

// edit replaces a text that stands in the file exactly once.
type edit struct{ File, Old, New string }

// test is a test of a package.
type test struct{ Package, Run string }

// String is how the test is named in the list.
func (t test) String() string { return t.Package + " " + t.Run }

func simulation() test { return test{"./test/simulation", "TestHistories"} }

const (
	fold       = "shared/projection/fold.go"
	engine     = "shared/projection/engine.go"
	checkpoint = "shared/projection/checkpoint.go"
	apart      = "shared/projection/apart.go"
	bulk       = "shared/projection/bulk.go"
	review     = "shared/projection/review.go"
	watermark  = "shared/projection/watermark.go"
	publish    = "local/relay/publish.go"
)

// one is a mutant of one edit that the simulation must see.
func one(name, file, old, with string) mutant {
	return mutant{Name: name, Edits: []edit{{file, old, with}}, Test: simulation()}
}

// by says that another test must see it.
func (m mutant) by(pkg, run string) mutant {
	m.Test = test{pkg, run}
	return m
}

// mutants are all of them, in the order of the way that an event takes.
func mutants() []mutant {
	return slices.Concat(imports(), ledgerAndRelay(), engineAndState(), triggers(), epochs(), rules())
}

func imports() []mutant {
	const importer, read = "./local/importer", "./local/workbook"
	return []mutant{
		one("an import guesses what can be read in two ways", "local/notation/number.go", "	case ambiguous && mark == Either:", "	case ambiguous && mark > Comma:").by(importer, "TestAmbiguousColumnsAreAsked"),
		one("an import records a document without its faulty line", "local/importer/documents.go", "	if d.broken && len(d.lines) > 0 {", "	if d.broken && len(d.lines) < 0 {").by(importer, "TestFaultsAndTheRepairedCopy"),
		one("an import of all or nothing records the rest", "local/importer/importer.go", "		if s.rejects.rows > 0 {", "		if s.rejects.rows < 0 {").by(importer, "TestFaultsAndTheRepairedCopy"),
		one("an import forgets which entries are its own", "local/importer/books.go", "		tx.OfImport(b.of)", "		tx.OfImport(0)").by(importer, "TestKilledInAWorkbook"),
		one("an import that ends early counts what was taken back", "local/importer/importer.go", "		s.summary = before\n", "		_ = before\n").by(importer, "TestTheSumsOfAnInterruptedImport"),
		one("a sheet that breaks off is a shorter one", "local/workbook/part.go", "errors.Is(err, io.EOF) && p.depth == 0:", "errors.Is(err, io.EOF):").by(read, "TestWhatIsNotInOrder"),
		one("a workbook's value may be of any size", "local/workbook/part.go", "	case b.token <= 0:", "	case b.token <= -1<<40:").by(read, "TestWhatIsNotInOrder"),
	}
}

func ledgerAndRelay() []mutant {
	return []mutant{
		one("the ledger believes its books after a rollback", "local/ledger/record.go", "believed = err == nil", "believed = true"),
		one("two events of an entity have the same revision", "local/ledger/emit.go", "	p.sums++\n", "	if p.sums%7 != 3 {\n		p.sums++\n	}\n"),
		one("the last lot is dropped from a product's stock", "local/ledger/stock.go", "		if l.onHand != 0 {\n			stock.Lots", "		if l.onHand != 0 && l != p.lots[len(p.lots)-1] {\n			stock.Lots"),
		one("what was sold on the day of a count moves the counted stock", "local/ledger/stock.go", "(p.countedOn == event.NoDate || d > p.countedOn)", "(p.countedOn == event.NoDate || d >= p.countedOn)"),
		one("the last return takes no remainder", "local/ledger/returns.go", "	if before+q == all {\n		return left, nil\n	}\n", "	_ = before\n").by("./local/ledger", "TestReturnsToTheLastPenny"),
		one("a void among many forgets what those before it took", "local/ledger/void.go", "		if p.standing[date]--; p.standing[date] <= 0 {", "		if p.standing[date] <= 0 {").by("./local/ledger", "TestVoidsOfOneTransactionMoveFirstAndLast"),
		one("an error of Kafka counts as acknowledged", publish, "at.topic, at.partition, batch)\n		if err != nil {", "at.topic, at.partition, batch)\n		if err != nil && size < 0 {"),
		one("the offset of an event is guessed where none was noted", "local/ledger/delivery.go", " || r.int(1) < sequence {", " {").by("./local/ledger", "TestOffsets"),
		one("what is only tried is kept", "local/ledger/submit.go", "		return errTried\n", "		return nil\n").by("./local/ledger", "TestTryRecordsNothing"),
		one("a form that is sent twice is recorded twice", "local/accountant/request.go", "before.Entry, ok; again {", "before.Entry, ok; again && entry < 0 {").by("./local/accountant", "TestASentFormIsRecordedOnce"),
		one("another form under a taken key counts as recorded", "local/accountant/request.go", "before.Content != f.content {", "len(before.Content) < len(f.content) {").by("./local/accountant", "TestAnotherFormUnderATakenKey"),
		one("a record that is sent again has a new revision", publish, "		m := event.Encode(ev.Attributes, ev.Data)\n", "		if !r.trouble.since.IsZero() {\n			ev.Revision++\n		}\n		m := event.Encode(ev.Attributes, ev.Data)\n"),
		one("a record that is sent again has a new id", publish, "		m := event.Encode(ev.Attributes, ev.Data)\n", "		ev.ID, _ = r.o.NewID()\n		m := event.Encode(ev.Attributes, ev.Data)\n"),
		one("the relay begins one behind the tail of the topic", "local/relay/check.go", "r.acked[stream], r.noted[stream] = last, noted[stream]", "r.acked[stream], r.noted[stream] = min(last+1, heads[stream]), noted[stream]"),
		one("a heartbeat does not wait for what it speaks of", "local/relay/heartbeat.go", "		ready := r.covers(p.heads)", "		ready := true"),
		one("a heartbeat's time is forgotten with the program", "local/ledger/publish.go", "	return l.look(ctx, true)", "	return l.look(ctx, false)").by("./local/ledger", "TestTimeNeverGoesBack"),
		one("a heartbeat's time lies in the future", "local/ledger/publish.go", "		latest = l.clock(latest)\n", "		latest = l.clock(latest) + 50_000\n"),
	}
}

func engineAndState() []mutant {
	return []mutant{
		one("the watermark is skipped", fold, "		if err != nil || !added {", "		if err != nil || !added && late {"),
		one("what was jumped over is not noted as missing", watermark, "			w.Missing = append(w.Missing, Range{w.Applied + 1, n - 1})\n", ""),
		one("what was missing stays missing", watermark, "		w.Missing = slices.Delete(w.Missing, i, i+1)\n", ""),
		one("a range of missing numbers shrinks at the wrong end", watermark, "		w.Missing[i].First++\n", "		w.Missing[i].Last--\n"),
		one("a batch that was given up is acknowledged", fold, "		for _, i := range g.events {\n			b.fail(i, err)\n", "		for _, i := range g.events {\n			b.state[i] = duplicate\n"),
		one("a reply that never came counts as written", fold, "	if err != nil || len(results) != len(writes) {\n		return append(again, written...)", "	if err != nil || len(results) != len(writes) {\n		for _, g := range written {\n			b.decide(g, applied)\n		}\n		return again"),
		one("a conflict counts as written", fold, "		case Written:\n			b.report.Documents++", "		case Written, Conflict:\n			b.report.Documents++"),
		{
			Name: "a document is not read anew for another attempt",
			Edits: []edit{
				{engine, "	careful bool  // one event", "	doc     Document\n	careful bool  // one event"},
				{fold, "		doc := docs[g.id]\n", "		doc := docs[g.id]\n		if g.doc != nil && !g.careful {\n			doc = g.doc\n		}\n"},
				{fold, "		read := doc.Head().Version\n", "		read := doc.Head().Version\n		g.doc = doc\n"},
			},
			Test: simulation(),
		},
		one("the store writes whatever version is there", "shared/state/sqlitestate/table.go", `WHERE _id = ? AND version = ?"`, `WHERE _id = ? AND version >= ? - 1000"`).by("./shared/state/sqlitestate", "TestStore"),
		one("an event that failed leaves its document half changed", fold, "			doc = b.e.fn.Collection.New()\n			if err := json.Unmarshal(before, doc); err != nil {\n				return nil, false, fmt.Errorf(\"copying the document %s: %w\", g.id, err)\n			}\n", "			_ = before\n"),
		one("the day of a document goes back", fold, "	day := max(doc.Head().Day, b.today)", "	day := b.today"),
		one("older rules change what newer ones have made", fold, "	if h.RulesVersion <= b.terms.rules {\n		return nil\n	}", "	if h.RulesVersion <= b.terms.rules+1 {\n		return nil\n	}"),
		one("the error of the dead letters' topic is swallowed", engine, "		for _, i := range those {\n			b.fail(i, failed)\n		}\n		return failed\n", "		return nil\n"),
		one("poison is not kept aside", engine, "	_ = b.bury(ctx, func(*Delivery) bool { return true }) // whose letters were not kept is to be brought again\n", ""),
		one("a document passes over poison that is not kept aside yet", fold, "	if len(b.reasons) > 0 {\n		if err", "	if len(b.reasons) > 1_000_000 {\n		if err"),
		one("poison without a revision is forgotten by another attempt", fold, "		case b.state[i] != poisoned || b.batch[i].Event.Revision > 0:", "		default:").by("./shared/projection", "TestPoisonWithoutARevision"),
		one("poison that is brought again is kept aside again", engine, "d.Origin.Offset < s.read.Offset {\n			continue", "d.Origin.Offset < s.read.Offset-1_000_000 {\n			continue").by("./shared/projection", "TestPoisonIsKeptAsideAndBlocksNothing"),
		one("the outcome names a later record than the first that failed", engine, "			r.Offset = min(r.Offset, p.Offset)", "			r.Offset = max(r.Offset, p.Offset)"),
		one("a checkpoint claims one record more", checkpoint, "				c.Offset = max(c.Offset, o+int64(d.Records()))", "				c.Offset = max(c.Offset, o+int64(d.Records())+1)"),
		one("a checkpoint claims what is to be brought again", "shared/projection/function.go", "			return at.Offset < r.Offset", "			return at.Offset <= r.Offset"),
		one("a checkpoint of single events claims what failed", "shared/projection/function.go", "		return !again", "		return !again || index >= 0"),
		one("what single events have done in an older epoch is claimed in the new one", apart, "	if n.epoch != b.terms.epoch {", "	if false {").by("./shared/projection", "TestCheckpointsApartAreOfTheirEpoch"),
		one("checkpoints of single events that could not be written are forgotten", apart, "		e.apart.giveBack(epoch, batch, state)\n", "").by("./shared/projection", "TestCheckpointsApartClaimWhatWasDone"),
		{
			Name: "a checkpoint's offset follows whoever writes last",
			Edits: []edit{
				{checkpoint, "o < 0 || o+n > start {", "o < 0 || o+n > 0 {"},
				{checkpoint, "				c.Offset = max(c.Offset, o+int64(d.Records()))", "				c.Offset = o + int64(d.Records())"},
			},
			Test: simulation(),
		},
		one("a checkpoint's rules go back", checkpoint, "	if rules >= c.RulesVersion {", "	if rules > 0 {"),
		one("documents that are tried again are not sorted", fold, "		sortByID(pending)\n", "").by("./shared/projection", "TestWhatIsTriedAgainIsSortedToo"),
		one("a bulk does not review what it writes", bulk, "		if err := r.e.review(o.doc, max(o.doc.Head().Day, r.today), r.terms); err != nil {\n			return err\n		}\n", ""),
		one("a run of records that are of no use claims one more", "shared/projection/function.go", "func (d *Delivery) Records() int { return 1 + d.More }", "func (d *Delivery) Records() int { return 1 + d.More + min(d.More, 1) }"),
		one("a bulk claims documents that it did not write", bulk, "		if r != Written {", "		if r == 0 {"),
		one("a bulk leaves out half of what it claims", bulk, "	for part := range slices.Chunk(writes, chunk) {", "	for part := range slices.Chunk(writes[:len(writes)/2], chunk) {"),
		one("a review stops after its first page", review, "		after = ids[len(ids)-1]\n", "		if after != \"\" {\n			return written, failed\n		}\n		after = ids[len(ids)-1]\n"),
		one("a producer's repetition without a revision counts", fold, "	if slices.Contains(s.Recent, id) {\n		return false\n	}\n", ""),
		one("an old record without a revision counts again", fold, "ok && offset <= last {", "ok && offset <= last && last < 0 {"),
		one("an event in another currency is taken", engine, "	if c != b.e.currency {", "	if c == \"\" {"),
		one("an event of another ledger is taken", engine, "	if isLedger(ev.Source) && ev.Source != b.terms.ledger {", "	if false {"),
		one("the runner begins at the later of offset and checkpoint", "shared/trigger/kafkatrigger/start.go", "		from = min(from, checkpoint)", "		from = max(from, checkpoint)").by("./shared/trigger/kafkatrigger", "TestWhereAPartitionBegins"),
		one("a dead letter loses the headers of its record", "shared/records/deadletters.go", "		if !strings.HasPrefix(h.Key, deadPrefix) {", "		if false {").by("./shared/records", "TestDeadLettersKeepTheOriginal"),
	}
}

func epochs() []mutant {
	const anew, of = "local/rebuild/rebuild.go", "shared/projection/epochs.go"
	return []mutant{
		one("a rebuild is swapped whatever its verification says", anew, "	if err := r.Source.Verify(ctx, epoch); err != nil {", "	if err := r.Source.Verify(ctx, epoch); err != nil && epoch < 0 {").by("./local/rebuild", "TestWhatDiffersIsNotMadeLive"),
		one("the old epoch is not closed", anew, "	if err := r.epochs.Close(ctx, res.Before); err != nil {", "	if err := error(nil); err != nil {"),
		one("what came until the old epoch was closed is left out", anew, "	if err := r.Source.Fold(ctx, res.Epoch); err != nil {\n		return r.unfinished(res, err)\n	}\n", ""),
		one("the old epoch is closed after the last events were read", anew, "	if err := r.epochs.Close(ctx, res.Before); err != nil {\n		return r.unfinished(res, err)\n	}\n	r.log.Info(\"rebuild: folding what came meanwhile\", \"epoch\", res.Epoch)\n	if err := r.Source.Fold(ctx, res.Epoch); err != nil {", "	r.log.Info(\"rebuild: folding what came meanwhile\", \"epoch\", res.Epoch)\n	if err := r.Source.Fold(ctx, res.Epoch); err == nil {\n		err = r.epochs.Close(ctx, res.Before)\n	} else {"),
		one("a rebuild that was interrupted after its swap is not ended", anew, "	if live.Filling {", "	if live.Filling && r == nil {").by("./local/rebuild", "TestAKillAtAnyStep"),
		one("a rebuild goes on in the collections of one that was killed", of, "		epoch = max(p.Newest, p.Epoch) + 1\n", "		epoch = max(p.Epoch, 1) + 1\n").by("./local/rebuild", "TestEachAttemptIsAnEpochOfItsOwn"),
		one("an overtaken rebuild swaps", of, "max(p.Epoch, 1) != from || p.Newest != to", "max(p.Epoch, 1) != from").by("./local/rebuild", "TestAnOvertakenRebuildChangesNothing"),
		one("an engine works on in an epoch that was closed", engine, "		case closed:\n			e.forget(terms)\n			continue\n", "		case closed && attempt < 0:\n			continue\n"),
		one("a bulk does not ask whether its epoch was closed", bulk, "	if t, err := r.e.open(ctx); err != nil || t.epoch != r.terms.epoch {", "	if t, err := r.e.claim(ctx, \"\"); err != nil || t.epoch != r.terms.epoch {").by("./shared/projection", "TestABulkAsksWhenAllOfItWasReceived"),
		one("a batch is folded before those in front of it", engine, "		case b.early(streams):", "		case b.early(streams) && attempt < 0:"),
		one("who began in an epoch that is closed counts as having begun in the next", engine, "b.e.begun[name] != b.terms.epoch", "b.e.begun[name] == 0"),
		one("an event of a retired source is taken", engine, " || len(b.terms.retired) > 0 && slices.Contains(b.terms.retired, d.Event.Source)", "").by("./shared/projection", "TestARetiredSourceIsPassedOver"),
		one("events of a ledger's new source are kept aside before the rebuild", engine, "		case b.terms.successor != \"\" && d.Event.Source == b.terms.successor:", "		case b.terms.successor == \"never\":").by("./shared/projection", "TestASuccessorsEventsWait"),
		one("a reader asks anew which epoch is live", "functions/query/products.go", "each(ctx, r.state, products", "each(ctx, func() Reader { live, _ := Live(ctx, s.cfg.Reader); return live }(), products").by("./functions/query", "TestAnAnswerIsOfOneEpoch"),
		one("a closed epoch's mark is removed with it", "local/rebuild/forget.go", "r.names(epoch, false)", "r.names(epoch, true)").by("./local/rebuild", "TestForget"),
		one("the relay takes an old copy that was used for the ledger", "local/relay/check.go", "own[0].ID == id", "own[0].ID != \"\"").by("./local/relay", "TestTheStartIsRefusedWhereLedgerAndTopicsDisagree"),
	}
}

func rules() []mutant {
	return []mutant{
		one("a register goes back", "functions/productwinners/rules_registers.go", "strings.Compare(s.Source, o.Source)) > 0", "strings.Compare(s.Source, o.Source)) != 0"),
		one("the last lot is dropped from what is at risk", "functions/lossrisk/rules.go", "	for i, l := range d.Lots {", "	for i, l := range d.Lots[:max(0, len(d.Lots)-1)] {"),
		one("amounts are rounded down", "shared/money/money.go", "	if twice := r * 2; twice > uint64(c) || (twice == uint64(c) && q&1 == 1) {", "	if r == math.MaxUint64 {"),
		one("half a penny is rounded up", "shared/money/money.go", "(twice == uint64(c) && q&1 == 1)", "twice == uint64(c)").by("./shared/money", ".*"),
		one("a window is a day too long", "functions/productwinners/rules_figures.go", "		case age < week:", "		case age <= week:"),
		one("a review comes a day late", "functions/productwinners/rules_figures.go", "				sooner(b.Day + e)", "				sooner(b.Day + e + 1)"),
		one("the void of an invoice leaves its order", "functions/clientpromotions/rules.go", "		p.Net, p.Orders = -d.Net, -1", "		p.Net, p.Orders = -d.Net, 0"),
		one("a client at the threshold is over it", "functions/clientpromotions/rules.go", "	over := s.Revenue > th.Promotion", "	over := s.Revenue >= th.Promotion").by("./functions/clientpromotions", ".*"),
		one("a lot expires a day early", "functions/lossrisk/rules_lots.go", "e-event.Date(th.Expiring), e+1", "e-event.Date(th.Expiring), e"),
		one("of two heartbeats of a time the first holds", "functions/freshness/rules.go", "ev.Time.Equal(s.Time) && !s.less(d)", "ev.Time.Equal(s.Time)").by("./functions/freshness", "TestTheLatestHeartbeatHoldsAsAWhole"),
		one("a heartbeat of an earlier time holds", "functions/freshness/rules.go", "	if ev.Time.Before(s.Time) ||", "	if"),
	}
}
