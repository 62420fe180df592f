package main

const (
	lambda  = "shared/trigger/lambdatrigger/"
	knative = "shared/trigger/knativetrigger/"
	kafka   = "shared/trigger/kafkatrigger/"
)

// triggers are faults in what brings records to the engine. The conformance suite
// has to see those of each trigger.
func triggers() []mutant {
	onKafka, onLambda, onKnative := "./"+kafka[:len(kafka)-1], "./"+lambda[:len(lambda)-1], "./"+knative[:len(knative)-1]
	return []mutant{
		one("the local runner commits what is to be tried again", kafka+"level.go", "			return max(b.from, min(r.Offset, b.next))", "			return b.next").by(onKafka, "TestConformance$"),
		one("Lambda is told a later record than the first that failed", lambda+"lambdatrigger.go", "			return r.Offset, true", "			return r.Offset + 1, true").by(onLambda, "TestConformance"),
		one("a partition on Lambda goes on after what failed", lambda+"lambdatrigger.go", "				fail(p.name, max(p.records[0].offset, again))\n			} else if", "				fail(p.name, max(p.records[0].offset, again))\n			}\n			if").by(onLambda, "TestPartialFailures"),
		one("the end of an invocation is not looked at", lambda+"lambdatrigger.go", "		if why = timeLeft(ctx, slowest); why != nil {", "		if why = timeLeft(ctx, slowest); why != nil && slowest < 0 {").by(onLambda, "TestTheDeadline"),
		one("header bytes from 128 on are lost", lambda+"payload.go", "				n = -n\n", "				n += 0\n").by(onLambda, "TestForms"),
		one("a payload of another source is taken", lambda+"payload.go", "	if !slices.Contains(sources, p.EventSource) {", "	if !slices.Contains(sources, p.EventSource) && p.Records == nil {").by(onLambda, "TestPayloadsThatCannotBeTrusted"),
		one("Knative's source is told that all is done", knative+"knativetrigger.go", "		if len(got.again) == 0 {", "		if len(got.again) >= 0 {").by(onKnative, "TestConformance"),
		one("events are not held while the state is away", knative+"knativetrigger.go", "time.Now().Add(pause).After(until) {", "time.Now().Before(until) {").by(onKnative, "TestTenMinutesAway"),
		one("the last checkpoints on Knative are not written", knative+"knativetrigger.go", "	return e.c.Engine.Flush(last)", "	return last.Err()").by(onKnative, "TestConformance"),
		one("checkpoints on Knative are written with each event", knative+"knativetrigger.go", "		case <-time.After(flushEvery):", "		case <-time.After(flushEvery / 100):").by(onKnative, "TestCheckpointsAreSpaced"),
		one("a record that is no CloudEvent loses its key", knative+"kafkaevent.go", "		r.message.Key = []byte(key)", "		r.message.Key = []byte(key)[:0]").by(onKnative, "TestConformance"),
		one("sources of a document lie in the order of their arrival", fold, "h.Sources[i].Source < name || h.Sources[i].Source == name && h.Sources[i].Family < f", "h.Sources[i].Source != name || h.Sources[i].Family != f").by(onLambda, "TestConformance"),
	}
}
