import { checkAnswer, checkStatus } from "../api/check";
import type { Answer, Wanted } from "../api/source";
import type { State } from "./store";

// What this device keeps, so that the last figures are there when nobody answers. What
// is read back is checked like an answer: another version of this page may have written it.

const MOST = 1_000_000; // characters kept in all
const MOST_EACH = 120_000;
const KEY = "comptoir.figures:";

interface Saved {
  status: unknown;
  at: number;
  answers: { key: string; wanted: Wanted; at: number; answer: unknown }[];
}

export function save(url: string, s: State, wantedOf: (key: string) => Wanted | undefined): void {
  if (!s.contact || s.fromDevice) return;
  const saved: Saved = { status: s.contact.status, at: s.contactAt, answers: [] };
  let size = 0;
  for (const [key, k] of [...s.answers].reverse()) {
    const wanted = wantedOf(key);
    if (!k.answer || !wanted) continue;
    const length = JSON.stringify(k.answer).length;
    if (length > MOST_EACH || size + length > MOST) continue;
    size += length;
    saved.answers.unshift({ key, wanted, at: k.at, answer: k.answer });
  }
  try {
    localStorage.setItem(KEY + url, JSON.stringify(saved));
  } catch {
    // No room, or not allowed to: then the device keeps nothing.
  }
}

/** Returns the state with what the device kept; the same state where it kept nothing. */
export function restore(url: string, s: State): State {
  try {
    const saved = JSON.parse(localStorage.getItem(KEY + url) ?? "null") as Saved | null;
    if (!saved) return s;
    const answers = new Map(
      saved.answers.map(({ key, wanted, at, answer }): [string, { answer: Answer; fault: null; at: number }] => [
        key,
        { answer: checkAnswer(wanted, answer), fault: null, at },
      ]),
    );
    return { ...s, contact: { status: checkStatus(saved.status) }, contactAt: saved.at, answers, fromDevice: true };
  } catch {
    return s;
  }
}

/** Forgets what was kept: figures of someone who signs in are not left behind. */
export function forget(url: string): void {
  try {
    localStorage.removeItem(KEY + url);
  } catch {
    // Nothing was kept where nothing may be.
  }
}

export type Setting = "language" | "theme";

export function setting(name: Setting): string | null {
  try {
    return localStorage.getItem(`comptoir.${name}`);
  } catch {
    return null;
  }
}

export function keepSetting(name: Setting, value: string): void {
  try {
    localStorage.setItem(`comptoir.${name}`, value);
  } catch {
    // It holds for this visit then.
  }
}
