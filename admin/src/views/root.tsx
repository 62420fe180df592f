import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { Config } from "../api/config";
import type { Session } from "../auth/oidc";
import { makeFormat } from "../format/format";
import { type Language, loadTexts, localeOf, type Texts } from "../i18n";
import { keepSetting, setting } from "../state/device";
import type { Page } from "../state/page";
import { App } from "./app";
import { type More, type Shown, ShownContext, type Theme } from "./context";
import type { Navigate } from "./navigate";

/** What the page is made of once its settings are read. */
export interface Opened {
  page: Page;
  config: Config;
  session: Session | null;
}

/** The whole page: it is drawn again whenever the state changes. */
export function Root({
  page,
  config,
  session,
  navigate,
  language: first,
  texts: firstTexts,
}: Opened & { navigate: Navigate; language: Language; texts: Texts }) {
  const [, redraw] = useState(0);
  const [said, setSaid] = useState({ language: first, texts: firstTexts });
  const [theme, setTheme] = useState<Theme>(themeOf(setting("theme")));
  // Before anything is asked: an answer may be quicker than an effect.
  useLayoutEffect(() => page.watch(() => redraw((n) => n + 1)), [page]);
  useEffect(() => paint(theme), [theme]);
  const [more, setMore] = useState<More | null>(null);
  const needed = page.state().route.view !== "overview" || page.state().answers.has("overview");
  useEffect(() => {
    if (needed) void import("./more").then(setMore);
  }, [needed]);

  const state = page.state();
  const currency = state.contact?.status.currency ?? "";
  const locale = localeOf(said.language, navigator.languages);
  const t = said.texts;
  document.title = `${t.views[state.route.view]} · Comptoir`;
  const shown: Shown = {
    t,
    f: formatOf(locale, currency),
    state,
    page,
    language: said.language,
    theme,
    now: Date.now(),
    staleAfter: config.staleAfter,
    quietAfter: config.quietAfter,
    async setLanguage(language) {
      const texts = await loadTexts(language);
      keepSetting("language", language);
      document.documentElement.lang = language;
      setSaid({ language, texts });
    },
    setTheme(to) {
      keepSetting("theme", to);
      setTheme(to);
    },
    navigate,
    more,
    signIn: session ? () => void session.begin() : null,
  };
  return (
    <ShownContext.Provider value={shown}>
      <App />
    </ShownContext.Provider>
  );
}

// Making formats is slow, and the same one serves until language or currency change.
const formatOf = (() => {
  let made: { key: string; f: ReturnType<typeof makeFormat> } | null = null;
  return (locale: string, currency: string) => {
    const key = `${locale} ${currency}`;
    if (made?.key !== key) made = { key, f: makeFormat(locale, currency) };
    return made.f;
  };
})();

export function themeOf(kept: string | null): Theme {
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export function paint(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
