import type { Answer, Contact, FaultKind } from "../api/source";
import type { Overview, Status } from "../api/types";
import type { Route } from "./route";

// All that the page knows, and the rules by which it learns more. Every function here
// takes a state and returns another.

export interface State {
  route: Route;
  contact: Contact | null;
  contactAt: number;
  beatSeenAt: number;
  trouble: Trouble | null;
  pausedAt: number | null;
  /** What was answered, by key; the latest asked for last. */
  answers: ReadonlyMap<string, Kept>;
  /** The figures come from what this device kept, not from an answer of this visit. */
  fromDevice: boolean;
  /** The reader asked to see an older state all the same. */
  acceptOlder: boolean;
  /** When figures last changed while the page was open; for announcing it. */
  changedAt: number;
}

export interface Trouble {
  kind: FaultKind;
  since: number;
  message: string;
  /** The key of the answer that did not come, or POLL. */
  of: string;
}

export const POLL = "status";

export interface Kept {
  answer: Answer | null;
  /** Why there is none, where that is for this answer alone. */
  fault: FaultKind | null;
  at: number;
}

const KEPT_ANSWERS = 16;

export function initial(route: Route): State {
  return {
    route,
    contact: null,
    contactAt: 0,
    beatSeenAt: 0,
    trouble: null,
    pausedAt: null,
    answers: new Map(),
    fromDevice: false,
    acceptOlder: false,
    changedAt: 0,
  };
}

/**
 * Takes a status in. One that is older than what is shown, of the same ledger, is
 * refused: the figures stay, and the trouble is "older".
 */
export function contacted(s: State, c: Contact, now: number): State {
  const before = s.contact?.status ?? null;
  const other = before !== null && before.ledger !== c.status.ledger;
  if (before && !other && !s.acceptOlder && c.status.version < before.version) {
    return troubled(s, { kind: "older", message: "An older state was answered.", of: POLL }, now);
  }
  const beat = c.status.heartbeat_at;
  const moved = before !== null && !s.fromDevice && beat !== null && beat !== before.heartbeat_at;
  return {
    ...s,
    contact: c,
    contactAt: now,
    beatSeenAt: moved ? now : s.beatSeenAt,
    trouble: s.trouble?.of === POLL ? null : s.trouble,
    fromDevice: false,
    acceptOlder: s.acceptOlder && c.status.version === before?.version,
    // Another ledger is another shop: nothing of the one before may stay.
    answers: other || (s.acceptOlder && before !== null && c.status.version < before.version) ? new Map() : s.answers,
  };
}

export function troubled(s: State, trouble: Omit<Trouble, "since">, now: number): State {
  return { ...s, trouble: { ...trouble, since: s.trouble?.kind === trouble.kind ? s.trouble.since : now } };
}

/** Takes an answer in, unless a newer one is shown under its key. */
export function answered(s: State, key: string, answer: Answer, now: number): State {
  const had = s.answers.get(key)?.answer;
  if (had && answer.version < had.version) {
    return troubled(s, { kind: "older", message: "An older answer came.", of: key }, now);
  }
  return {
    ...s,
    answers: kept(s.answers, key, { answer, fault: null, at: now }),
    trouble: s.trouble?.of === key ? null : s.trouble,
    changedAt: had && had.version !== answer.version ? now : s.changedAt,
  };
}

/** Notes that an item is not there, which is no trouble of the whole page. */
export function absent(s: State, key: string, kind: FaultKind, now: number): State {
  return { ...s, answers: kept(s.answers, key, { answer: null, fault: kind, at: now }) };
}

/** Goes to another view. What is wrong with an answer that it does not need is over. */
export function went(s: State, route: Route, needs: string[]): State {
  const over = s.trouble && s.trouble.of !== POLL && !needs.includes(s.trouble.of);
  return { ...s, route, trouble: over ? null : s.trouble };
}

function kept(answers: ReadonlyMap<string, Kept>, key: string, k: Kept): ReadonlyMap<string, Kept> {
  const next = new Map(answers);
  next.delete(key);
  next.set(key, k);
  for (const old of next.keys()) {
    if (next.size <= KEPT_ANSWERS) break;
    if (old !== "overview") next.delete(old);
  }
  return next;
}

export function overviewOf(s: State): Overview | null {
  return (s.answers.get("overview")?.answer as Overview | undefined) ?? null;
}

export function statusOf(s: State): Status | null {
  return s.contact?.status ?? null;
}
