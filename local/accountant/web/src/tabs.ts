// Which drafts the open tabs have. A draft is one tab's for as long as that tab shows its
// form, so that two tabs never go on with one sale under one key.
const NAME = "comptoir.draft.";
const ANSWERED = 200; // ms in which another tab says that it has a draft
const LEFT = 1_000; // ms in which the page that this one replaces has let go of its draft

/** Takes a draft until the page is left; false where another open tab has it. */
export function claim(key: string, own: boolean): Promise<boolean> {
  return "locks" in navigator ? byLock(key, own) : byWord(key);
}

function byLock(key: string, own: boolean): Promise<boolean> {
  return new Promise((done) => {
    const have = (lock: Lock | null): Promise<void> | undefined => {
      done(lock !== null);
      return lock ? new Promise(() => {}) : undefined; // until the page is left
    };
    const asked = own
      ? navigator.locks.request(NAME + key, { signal: AbortSignal.timeout(LEFT) }, have)
      : navigator.locks.request(NAME + key, { ifAvailable: true }, have);
    asked.catch(() => done(false));
  });
}

// Browsers have locks on this machine's own address and behind TLS alone. Elsewhere the
// tabs tell one another.
interface Word {
  key: string;
  asks: boolean;
}

const had = new Set<string>();
const taken = new Set<string>();
let channel: BroadcastChannel | undefined;

function byWord(key: string): Promise<boolean> {
  if (!channel) {
    const opened = new BroadcastChannel(NAME);
    opened.onmessage = (e: MessageEvent<Word>) => {
      if (!e.data.asks) taken.add(e.data.key);
      else if (had.has(e.data.key)) opened.postMessage({ key: e.data.key, asks: false } satisfies Word);
    };
    channel = opened;
  }
  taken.delete(key);
  channel.postMessage({ key, asks: true } satisfies Word);
  return new Promise((done) => {
    setTimeout(() => {
      if (!taken.has(key)) had.add(key);
      done(!taken.has(key));
    }, ANSWERED);
  });
}
