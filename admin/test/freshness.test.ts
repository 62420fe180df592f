import assert from "node:assert/strict";
import { test } from "node:test";
import { freshness, type Known } from "../src/state/freshness";
import { NOW, statusOf } from "./samples";

const known = (more: Partial<Known>): Known => ({
  now: NOW,
  status: statusOf(),
  contactAt: NOW,
  beatSeenAt: 0,
  trouble: null,
  publishedAt: null,
  every: null,
  staleAfter: 60,
  quietAfter: 600,
  pausedAt: null,
  ...more,
});

const state = (more: Partial<Known>) => freshness(known(more)).state;

test("each state, and nothing but its own cause", () => {
  assert.equal(state({ status: null }), "loading");
  assert.equal(state({ status: statusOf({ computed: false }) }), "never");
  assert.equal(state({}), "live");
  assert.equal(state({ status: statusOf({ event: 610 }) }), "quiet");
  assert.equal(state({ status: statusOf({ beat: 59 }) }), "live");
  assert.equal(state({ status: statusOf({ beat: 61 }) }), "stale");
  assert.equal(state({ status: statusOf({ beat: null }) }), "stale");
  assert.equal(state({ pausedAt: NOW }), "paused");
  for (const kind of ["offline", "invalid", "older", "signin"] as const) {
    assert.equal(state({ trouble: { kind, since: NOW - 1000 } }), kind);
    assert.equal(state({ status: null, trouble: { kind, since: NOW } }), kind);
  }
});

test("no sales is not the same as a dead pipeline", () => {
  const quiet = freshness(known({ status: statusOf({ event: 86_400, beat: 3 }) }));
  const dead = freshness(known({ status: statusOf({ event: 86_400, beat: 86_400 }) }));
  assert.deepEqual([quiet.state, dead.state], ["quiet", "stale"]);
});

test("what is behind is named", () => {
  const s = freshness(known({ status: statusOf({ beat: 2, lag: 40, asOf: 300 }) }));
  assert.deepEqual(s, { state: "stale", since: NOW - 300_000, why: "functions", functions: ["product-winners"] });
  assert.equal(state({ status: statusOf({ beat: 2, lag: 3, asOf: 5 }) }), "live");
});

test("a device whose clock is wrong sees a live shop once its heart is seen to beat", () => {
  const status = statusOf({ beat: 3600, event: 3610 });
  assert.equal(state({ status }), "stale");
  assert.equal(state({ status, beatSeenAt: NOW - 4000 }), "live");
  assert.equal(state({ status, beatSeenAt: NOW - 61_000 }), "stale");
});

test("snapshots are judged by when they were published", () => {
  const status = statusOf({ beat: 1000, event: 1010 });
  const publishedAt = NOW - 998_000;
  assert.equal(state({ status, publishedAt, every: 600 }), "live");
  assert.deepEqual(freshness(known({ status, publishedAt, every: 60 })), {
    state: "stale",
    since: publishedAt,
    why: "publisher",
    functions: [],
  });
  assert.equal(state({ status, publishedAt, every: null }), "live");
  // The publisher lives, and what it publishes is of a dead pipeline.
  assert.equal(state({ status: statusOf({ beat: 5000 }), publishedAt: NOW - 5000, every: 60 }), "stale");
});
