import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, delay, INTERVAL, LONGEST, poller } from "../src/state/poll";

/** A clock that is moved by hand. */
function handClock() {
  let now = 0;
  const waiting: { at: number; f: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    random: () => 1,
    after(ms, f) {
      const entry = { at: now + ms, f };
      waiting.push(entry);
      return () => {
        const i = waiting.indexOf(entry);
        if (i >= 0) waiting.splice(i, 1);
      };
    },
  };
  async function forward(ms: number): Promise<void> {
    const end = now + ms;
    for (;;) {
      await new Promise((r) => setImmediate(r));
      waiting.sort((a, b) => a.at - b.at);
      const next = waiting[0];
      if (!next || next.at > end) break;
      waiting.shift();
      now = next.at;
      next.f();
    }
    now = end;
  }
  return { clock, forward, waiting };
}

test("it asks every five seconds while seen, and not at all while hidden", async () => {
  const { clock, forward, waiting } = handClock();
  let asked = 0;
  const p = poller(clock, async () => {
    asked++;
    return true;
  });
  await forward(60_000);
  assert.equal(asked, 0);
  p.allow(true);
  await forward(60_000);
  assert.equal(asked, 13);
  p.allow(false);
  await forward(3_600_000);
  assert.equal(asked, 13);
  assert.equal(waiting.length, 0);
  p.allow(true);
  await forward(0);
  assert.equal(asked, 14, "at once when it is seen again");
});

test("it asks less and less often while nobody answers, then as before", async () => {
  const { clock, forward, waiting } = handClock();
  let good = false;
  const times: number[] = [];
  const p = poller(clock, async () => {
    times.push(clock.now());
    return good;
  });
  p.allow(true);
  await forward(300_000);
  const gaps = times.slice(1).map((t, i) => t - (times[i] ?? 0));
  assert.deepEqual(gaps.slice(0, 5), [10_000, 20_000, 40_000, 60_000, 60_000]);
  good = true;
  p.now();
  await forward(0);
  const last = times.length;
  await forward(INTERVAL);
  assert.equal(times.length, last + 1);
  assert.equal(waiting.length, 1, "only one wait at a time");
});

test("the waits are spread, and never longer than a minute", () => {
  for (let failures = 1; failures < 40; failures++) {
    assert.ok(delay(failures, 0) >= 0.75 * Math.min(LONGEST, INTERVAL * 2 ** failures));
    assert.ok(delay(failures, 1) <= LONGEST);
  }
});
