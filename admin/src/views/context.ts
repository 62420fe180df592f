import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Format } from "../format/format";
import type { Language, Texts } from "../i18n";
import type { Page } from "../state/page";
import type { State } from "../state/store";
import type { Navigate } from "./navigate";

export type More = typeof import("./more");
export type Theme = "auto" | "light" | "dark";

/** What every view is given. */
export interface Shown {
  t: Texts;
  f: Format;
  state: State;
  page: Page;
  language: Language;
  theme: Theme;
  now: number;
  staleAfter: number;
  quietAfter: number;
  setLanguage(l: Language): void;
  setTheme(t: Theme): void;
  navigate: Navigate;
  /** The views behind the first one, once they are loaded. */
  more: More | null;
  signIn: (() => void) | null;
}

// Filled by the App before any view is drawn.
export const ShownContext = createContext<Shown | null>(null);

export function useShown(): Shown {
  const shown = useContext(ShownContext);
  if (!shown) throw new Error("A view was drawn outside of the App.");
  return shown;
}
