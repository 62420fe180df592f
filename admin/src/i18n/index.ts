import type { Texts } from "./en";

export type { Texts } from "./en";

export const LANGUAGES = ["en", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The language to show: what the reader chose, else the first of the browser's that is known. */
export function chooseLanguage(chosen: string | null, browser: readonly string[]): Language {
  const known = (tag: string) => LANGUAGES.find((l) => tag.toLowerCase().split("-")[0] === l);
  return known(chosen ?? "") ?? browser.map(known).find((l) => l !== undefined) ?? "en";
}

/** How numbers and dates are written: as the browser's region does it, where it speaks the language. */
export function localeOf(language: Language, browser: readonly string[]): string {
  const same = browser.find((tag) => tag.toLowerCase().startsWith(`${language}-`));
  return same ?? (language === "fr" ? "fr-FR" : "en-GB");
}

export async function loadTexts(language: Language): Promise<Texts> {
  return language === "fr" ? (await import("./fr")).fr : (await import("./en")).en;
}
