// When to ask again: every five seconds while the page is seen, later and later while
// nobody answers, never while it is hidden or paused, at once when it is seen again.

export interface Clock {
  now(): number;
  /** Calls f after ms; returns what cancels that. */
  after(ms: number, f: () => void): () => void;
  random(): number;
}

export const INTERVAL = 5_000;
export const LONGEST = 60_000;

/** Returns how long to wait after so many failures in a row, in ms. */
export function delay(failures: number, random: number): number {
  if (failures === 0) return INTERVAL;
  return Math.min(LONGEST, INTERVAL * 2 ** failures) * (0.75 + random / 4);
}

export interface Poller {
  /** Asks at once, unless it is asking already or must not. */
  now(): void;
  /** Says whether it may ask at all. */
  allow(yes: boolean): void;
}

/** poll resolves to whether a good answer came. */
export function poller(clock: Clock, poll: () => Promise<boolean>): Poller {
  let failures = 0;
  let asking = false;
  let allowed = false;
  let cancel: () => void = () => {};

  async function ask(): Promise<void> {
    cancel();
    if (asking || !allowed) return;
    asking = true;
    failures = (await poll()) ? 0 : failures + 1;
    asking = false;
    if (allowed) cancel = clock.after(delay(failures, clock.random()), ask);
  }

  return {
    now: () => void ask(),
    allow(yes) {
      if (yes === allowed) return;
      allowed = yes;
      if (yes) void ask();
      else cancel();
    },
  };
}
