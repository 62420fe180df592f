import { useEffect, useRef } from "preact/hooks";
import { LANGUAGES, type Language } from "../i18n";
import { href, LIST_OF, type View } from "../state/route";
import { Banners, Fresh, useFreshness } from "./banner";
import { type More, type Theme, useShown } from "./context";
import { Head } from "./head";
import { Icon } from "./icon";
import { Overview } from "./overview";
import { Skeleton } from "./parts";
import { useKeptPlace } from "./place";

const NAV: View[] = ["overview", "winners", "risk", "clients", "status"];
const PARENT: Partial<Record<View, View>> = { product: "winners", client: "clients" };
function viewOf(view: View, more: More | null): () => preact.JSX.Element {
  if (view === "overview") return Overview;
  if (!more) return Coming;
  const { Winners, Risk, Clients, StatusView, ProductItem, ClientItem } = more;
  return {
    winners: Winners,
    risk: Risk,
    clients: Clients,
    status: StatusView,
    product: ProductItem,
    client: ClientItem,
  }[view];
}

/** Stands where a view will be whose script is on its way. */
function Coming() {
  const { t, state } = useShown();
  return (
    <>
      <Head title={t.views[state.route.view]} day={null} />
      <Skeleton rows={12} class="card rows" />
    </>
  );
}

export function App() {
  const { t, state, more } = useShown();
  const { view, params } = state.route;
  useKeptPlace();
  const main = useRef<HTMLElement>(null);
  const place = view + (params.id ?? "");
  const first = useRef(place);

  // Who follows a link to another view is taken to its beginning, by eye and by ear.
  useEffect(() => {
    if (first.current === place) return;
    first.current = place;
    scrollTo(0, 0);
    main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }, [place]);

  const Shown = viewOf(view, more);
  return (
    <>
      <a class="skip" href="#main">
        {t.skip}
      </a>
      <Side />
      <main id="main" ref={main} tabIndex={-1}>
        <Banners />
        <Shown key={LIST_OF[view] ? view : place} />
      </main>
      <Display />
      <Announcer />
    </>
  );
}

function Side() {
  const { t, state } = useShown();
  const here = PARENT[state.route.view] ?? state.route.view;
  const nav = useRef<HTMLElement>(null);
  // Where the names of the views do not fit, that of the one shown is in sight.
  useEffect(() => {
    const e = nav.current;
    const link = e?.querySelector<HTMLElement>(`[data-view="${here}"]`);
    if (e && link) e.scrollLeft = link.offsetLeft - (e.clientWidth - link.offsetWidth) / 2;
  }, [here]);
  return (
    <header class="side">
      <a class="brand" href={href("overview")}>
        <Icon name="brand" />
        Comptoir
      </a>
      <Fresh />
      <nav ref={nav} class="views" aria-label={t.navigation}>
        {NAV.map((v) => (
          <a key={v} data-view={v} href={href(v)} aria-current={v === here ? "page" : undefined}>
            <Icon name={v} />
            {t.views[v]}
          </a>
        ))}
      </nav>
    </header>
  );
}

function Display() {
  const { t, language, theme, setLanguage, setTheme } = useShown();
  return (
    <footer class="display">
      <select aria-label={t.theme} value={theme} onChange={(e) => setTheme(e.currentTarget.value as Theme)}>
        {(["auto", "light", "dark"] as const).map((v) => (
          <option key={v} value={v}>
            {t.themes[v]}
          </option>
        ))}
      </select>
      <select
        aria-label="Language · Langue"
        value={language}
        onChange={(e) => setLanguage(e.currentTarget.value as Language)}
      >
        {LANGUAGES.map((l) => (
          <option key={l} value={l}>
            {l === "fr" ? "Français" : "English"}
          </option>
        ))}
      </select>
    </footer>
  );
}

/** Says politely, and not too often, that figures have changed. */
function Announcer() {
  const { t, f, state } = useShown();
  const { state: fresh } = useFreshness();
  const said = useRef(0);
  const text = useRef("");
  const every = 10_000;
  if (state.changedAt - said.current >= every) {
    said.current = state.changedAt;
    text.current = t.updated(f.timeExact(state.changedAt));
  }
  return (
    <p class="sr" role="status">
      {text.current} {fresh === "live" || fresh === "quiet" || fresh === "loading" ? "" : t.states[fresh]}
    </p>
  );
}
