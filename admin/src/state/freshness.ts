import type { FaultKind } from "../api/source";
import type { Status } from "../api/types";

// Whether the figures are up to date, decided from what is known and nothing else.

export interface Known {
  /** The present, in ms since 1970, as this device has it. */
  now: number;
  /** The last good status; null before the first. */
  status: Status | null;
  /** When that was got. */
  contactAt: number;
  /** When the heartbeat was last seen to move, by this device's clock; 0 for never. */
  beatSeenAt: number;
  /** What is wrong with the last poll; null for nothing. */
  trouble: { kind: FaultKind; since: number } | null;
  /** When snapshots were published, and within how many seconds the next was promised. */
  publishedAt: number | null;
  every: number | null;
  /** Seconds. */
  staleAfter: number;
  quietAfter: number;
  /** Since when polling is paused by the reader; null for not. */
  pausedAt: number | null;
}

export type Freshness =
  | { state: "loading" }
  | { state: "paused"; since: number }
  | { state: "offline" | "invalid" | "older" | "signin"; since: number; shown: boolean }
  | { state: "never"; reason: string | null }
  | { state: "stale"; since: number | null; why: "pipeline" | "publisher" | "functions"; functions: string[] }
  | { state: "quiet"; since: number; asOf: number }
  | { state: "live"; asOf: number; lag: number };

/** A promise to publish is broken after three intervals and a minute. */
const PUBLISH_GRACE = 60;
const PUBLISH_MISSES = 3;
/** Snapshots without a promise are stale after a day. */
const UNPROMISED = 24 * 3600;

export function freshness(k: Known): Freshness {
  const { status, trouble } = k;
  if (k.pausedAt !== null && status) return { state: "paused", since: k.pausedAt };
  if (trouble && trouble.kind !== "absent") {
    return { state: trouble.kind, since: status ? k.contactAt : trouble.since, shown: status !== null };
  }
  if (!status) return { state: "loading" };
  if (!status.computed) return { state: "never", reason: status.reason };

  // Snapshots are judged as of when they were published, and then themselves by the clock.
  const at = k.publishedAt ?? k.now;
  const beat = time(status.heartbeat_at);
  const asOf = time(status.as_of);
  if (k.publishedAt !== null) {
    const limit = k.every === null ? UNPROMISED : PUBLISH_MISSES * k.every + PUBLISH_GRACE;
    if (k.now - k.publishedAt > limit * 1000) return stale("publisher", k.publishedAt);
  }
  // A clock that is wrong must not make a live shop look dead: a heartbeat that is seen to move is alive.
  const alive = beat !== null && (within(at, beat, k.staleAfter) || within(k.now, k.beatSeenAt, k.staleAfter));
  if (!alive) return stale("pipeline", beat ?? asOf);

  const behind = status.functions.filter((f) => f.lag !== null && f.lag > 0 && late(f.as_of, beat, k.staleAfter));
  if (behind.length > 0)
    return stale(
      "functions",
      asOf,
      behind.map((f) => f.name),
    );

  const event = lastEvent(status);
  if (event !== null && (status.lag ?? 0) === 0 && !within(beat ?? at, event, k.quietAfter)) {
    return { state: "quiet", since: event, asOf: asOf ?? beat ?? at };
  }
  return { state: "live", asOf: asOf ?? beat ?? at, lag: status.lag ?? 0 };
}

const stale = (
  why: "pipeline" | "publisher" | "functions",
  since: number | null,
  functions: string[] = [],
): Freshness => ({
  state: "stale",
  since,
  why,
  functions,
});

const time = (v: string | null): number | null => (v === null ? null : Date.parse(v));
const within = (now: number, then: number, seconds: number) => now - then <= seconds * 1000;
const late = (asOf: string | null, beat: number | null, seconds: number) =>
  beat !== null && (asOf === null || !within(beat, Date.parse(asOf), seconds));

/** The time of the latest sale or entry that was applied. */
export function lastEvent(status: Status): number | null {
  let last: number | null = null;
  for (const f of status.functions) {
    if (f.name === "freshness") continue;
    for (const s of f.streams) {
      const at = time(s.last_event_at);
      if (at !== null && (last === null || at > last)) last = at;
    }
  }
  return last;
}
