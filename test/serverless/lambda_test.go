package serverless

import (
	"testing"
	"time"

	"comptoir/test/harness"
	"comptoir/test/serverless/runtimeapi"
)

// onLambda brings all that lies on Kafka to the bootstrap of each function, which is
// killed in the middle, and whose state is away for a while.
func onLambda(t *testing.T, shop map[string]string, k *shopKafka) map[string]string {
	t.Helper()
	settings := with(shop, "MONGODB_DATABASE", database(shop, "lambda"))
	t.Cleanup(func() { must(t, harness.DropDatabase(settings)) })
	uri, state := between(t, settings["MONGODB_URI"])
	for _, f := range analytics() {
		began := time.Now()
		var out text
		function, err := runtimeapi.Start(bootstrap, environment(with(settings, "FUNCTION", f.Name, "MONGODB_URI", uri+"?serverSelectionTimeoutMS=500")), &out)
		must(t, err)
		n, failures, again := 0, 0, 0
		for _, topic := range k.names(&f) {
			m := &mapping{t: t, topic: topic, log: k.log[topic], function: function}
			m.taken = func(invocation int) {
				if invocation%7 == 3 { // in the middle of its work
					time.Sleep(time.Duration(invocation) * time.Millisecond)
					function.Kill()
				}
			}
			m.between = func(invocation int) {
				switch invocation {
				case 2:
					state.set(true)
				case 4:
					state.set(false)
				}
			}
			m.run()
			state.set(false)
			n, failures, again = n+m.invocations, failures+m.failures, again+m.again
		}
		t.Logf("Lambda, %s: %d records in %d invocations, %d of which ended badly, %d partitions again; %.1f s, peak memory %d MiB",
			f.Name, k.count(&f), n, failures, again, time.Since(began).Seconds(), function.Peak()>>20)
		must(t, function.Close())
		if t.Failed() {
			t.Log(out.tail())
		}
	}
	return settings
}
