// Drafts, as this browser keeps them: each under the key under which it would be
// recorded, so that neither of two sales that are being typed takes the other's place.
export interface Draft {
  key: string;
  form: string; // the address of the form
  at: number; // ms since 1970
  sent: boolean;
  fields: [string, string][];
}

const PREFIX = "comptoir.draft.";
const THROWN = "comptoir.thrown.";
const KEPT = 30 * 86_400_000;

function parse(text: string | null): Draft | undefined {
  try {
    const draft = JSON.parse(text ?? "null") as Draft | null;
    if (draft?.key && draft.form && Array.isArray(draft.fields) && Date.now() - draft.at < KEPT) return draft;
  } catch {
    // What another version left is not understood.
  }
  return undefined;
}

/** A browser that keeps nothing loses drafts, and nothing else. */
function quietly<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch {
    return undefined;
  }
}

/** The drafts of a form, this tab's own first, then the latest. */
export function draftsOf(form: string): Draft[] {
  const had = ownKey(form);
  const all: Draft[] = [];
  for (const name of quietly(() => Object.keys(localStorage)) ?? []) {
    if (!name.startsWith(PREFIX)) continue;
    const draft = parse(localStorage.getItem(name));
    if (!draft) localStorage.removeItem(name);
    else if (draft.form === form) all.push(draft);
  }
  return all.sort((a, b) => Number(b.key === had) - Number(a.key === had) || b.at - a.at);
}

/** The key of the draft that this tab had of a form before it was reloaded; "" where none. */
export function ownKey(form: string): string {
  return quietly(() => sessionStorage.getItem(PREFIX + form)) ?? "";
}

export function own(form: string, key: string): void {
  quietly(() => sessionStorage.setItem(PREFIX + form, key));
}

export function write(draft: Draft): void {
  quietly(() => localStorage.setItem(PREFIX + draft.key, JSON.stringify(draft)));
}

export function drop(key: string): void {
  quietly(() => localStorage.removeItem(PREFIX + key));
}

/** Forgets the draft that became an entry, and what was thrown away before it. */
export function forget(key: string): void {
  drop(key);
  for (const name of quietly(() => Object.keys(sessionStorage)) ?? [])
    if (name.startsWith(THROWN)) sessionStorage.removeItem(name);
}

/** Puts a draft away: it comes back only where that is asked for, in this tab. */
export function throwAway(draft: Draft): void {
  quietly(() => sessionStorage.setItem(THROWN + draft.form, JSON.stringify(draft)));
  drop(draft.key);
}

export function thrown(form: string): Draft | undefined {
  return parse(quietly(() => sessionStorage.getItem(THROWN + form)) ?? null);
}

export function takeBack(draft: Draft): void {
  quietly(() => sessionStorage.removeItem(THROWN + draft.form));
  write(draft);
}
