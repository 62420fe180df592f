import type { Source, Wanted } from "../api/source";
import { Fault, keyOf } from "../api/source";
import { restore, save } from "./device";
import { type Clock, type Poller, poller } from "./poll";
import { parseRoute, type Route, wantedBy } from "./route";
import { absent, answered, contacted, initial, POLL, type State, troubled, went } from "./store";

const SAVE_AFTER = 1_000; // ms

/** The page at work: it holds the state, asks the source, and tells who watches. */
export interface Page {
  state(): State;
  watch(f: () => void): () => void;
  go(search: string): void;
  pause(yes: boolean): void;
  retry(): void;
  acceptOlder(): void;
  /** A tab that is not seen asks nothing. */
  seen(yes: boolean): void;
  source: Source;
}

export interface Options {
  source: Source;
  clock: Clock;
  search: string;
  /** What figures are kept under on this device; null keeps none. */
  keepUnder: string | null;
}

export function openPage(o: Options): Page {
  const watchers = new Set<() => void>();
  const asked = new Map<string, Wanted>();
  const inFlight = new Set<string>();
  let visible = false;
  let saving = false;
  let state = initial(parseRoute(o.search));
  if (o.keepUnder !== null) state = restore(o.keepUnder, state);

  function set(next: State): void {
    if (next === state) return;
    const answers = state.answers;
    state = next;
    for (const f of watchers) f();
    if (next.answers !== answers) keep();
  }

  function keep(): void {
    const under = o.keepUnder;
    if (under === null || saving) return;
    saving = true;
    o.clock.after(SAVE_AFTER, () => {
      saving = false;
      save(under, state, (key) => asked.get(key));
    });
  }

  async function poll(): Promise<boolean> {
    try {
      const c = await o.source.poll();
      set(contacted(state, c, o.clock.now()));
    } catch (e) {
      const fault = asFault(e);
      set(troubled(state, { kind: fault.kind, message: fault.message, of: POLL }, o.clock.now()));
      return false;
    }
    await load();
    return state.trouble === null;
  }

  /** Gets what the view needs and is not here, or is of an older version than the status. */
  async function load(): Promise<void> {
    const version = state.contact?.status.version ?? "";
    const wanted = wantedBy(state.route).filter((w) => {
      const had = state.answers.get(keyOf(w));
      return !had || had.fault !== null || (had.answer?.version ?? "") < version;
    });
    await Promise.all(wanted.map(fetchOne));
  }

  async function fetchOne(w: Wanted): Promise<void> {
    const key = keyOf(w);
    if (inFlight.has(key)) return;
    inFlight.add(key);
    remember(key, w);
    try {
      const answer = await o.source.get(w);
      set(answered(state, key, answer, o.clock.now()));
    } catch (e) {
      const { kind, message } = asFault(e);
      if (kind === "absent") set(absent(state, key, kind, o.clock.now()));
      else set(troubled(state, { kind, message, of: key }, o.clock.now()));
    } finally {
      inFlight.delete(key);
    }
  }

  const MOST_ASKED = 64;
  function remember(key: string, w: Wanted): void {
    asked.delete(key);
    asked.set(key, w);
    for (const old of asked.keys()) {
      if (asked.size <= MOST_ASKED) break;
      asked.delete(old);
    }
  }

  const polling: Poller = poller(o.clock, poll);
  const allow = () => polling.allow(visible && state.pausedAt === null);

  return {
    state: () => state,
    watch(f) {
      watchers.add(f);
      return () => watchers.delete(f);
    },
    go(search) {
      const route: Route = parseRoute(search);
      set(went(state, route, wantedBy(route).map(keyOf)));
      void load();
    },
    pause(yes) {
      set({ ...state, pausedAt: yes ? o.clock.now() : null });
      allow();
    },
    retry: () => polling.now(),
    acceptOlder() {
      set({ ...state, acceptOlder: true });
      polling.now();
    },
    seen(yes) {
      const first = !visible && yes && state.answers.size === 0;
      visible = yes;
      allow();
      if (first) void load(); // beside the status, not after it
    },
    source: o.source,
  };
}

function asFault(e: unknown): Fault {
  return e instanceof Fault ? e : new Fault("invalid", e instanceof Error ? e.message : String(e));
}
