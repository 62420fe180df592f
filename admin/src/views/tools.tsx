import { useEffect, useRef, useState } from "preact/hooks";
import type { ListName, Page } from "../api/types";
import { change, PAGE_SIZE, queryOf, spanOf } from "../state/route";
import { useShown } from "./context";
import { Icon } from "./icon";
import { Empty } from "./parts";

const TYPED = 150; // ms after which what was typed is searched for

export interface Select {
  label: string;
  name: string;
  options: { value: string; label: string }[];
}

/** Search, filters and the export of a list; all but the export stand in the address. */
export function Tools({ selects, name }: { selects: Select[]; name: ListName }) {
  const { t, state, navigate } = useShown();
  const { params } = state.route;
  return (
    <search class="tools">
      <Search />
      {selects.map((s) => (
        <select
          key={s.name}
          aria-label={s.label}
          value={params[s.name] ?? ""}
          onChange={(e) => navigate(change(state.route, { [s.name]: e.currentTarget.value || undefined }))}
        >
          {s.options.map((o) => (
            <option key={o.value} value={o.value}>
              {o.label}
            </option>
          ))}
        </select>
      ))}
      <span class="gap" />
      <Export name={name} label={t.csv} />
    </search>
  );
}

function Search() {
  const { t, state, navigate } = useShown();
  const asked = state.route.params.q ?? "";
  const [text, setText] = useState(asked);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // The address may change by other means than this field: back, or a cleared filter.
  useEffect(() => setText(asked), [asked]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const route = state.route;
  function type(value: string): void {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => navigate(change(route, { q: value.trim() || undefined }), true), TYPED);
  }
  return (
    <label class="search">
      <Icon name="search" />
      <span class="sr">{t.search}</span>
      <input
        type="search"
        placeholder={t.search}
        maxLength={100}
        value={text}
        onInput={(e) => type(e.currentTarget.value)}
      />
    </label>
  );
}

function Export({ name, label }: { name: ListName; label: string }) {
  const shown = useShown();
  const { t, state, page } = shown;
  const [phase, setPhase] = useState<"ready" | "busy" | "failed">("ready");
  async function save(): Promise<void> {
    setPhase("busy");
    try {
      const [{ fileOf }, rows] = await Promise.all([import("./export"), page.source.all(name, queryOf(state.route))]);
      fileOf(name, rows, shown);
      setPhase("ready");
    } catch {
      setPhase("failed");
    }
  }
  return (
    <>
      {phase === "failed" && <span role="alert">{t.csvFailed}</span>}
      <button type="button" class="export" title={t.csvLong} aria-busy={phase === "busy"} onClick={() => void save()}>
        <Icon name="csv" />
        {phase === "busy" ? t.csvBusy : label}
      </button>
    </>
  );
}

/** Where in the list this page is, and its neighbours. */
export function Pager({ page }: { page: Page }) {
  const { t, f, state } = useShown();
  const { offset } = spanOf(state.route);
  const number = offset / PAGE_SIZE + 1;
  const last = Math.max(1, Math.ceil(page.total / PAGE_SIZE));
  const to = (n: number) => change(state.route, { page: n > 1 ? String(n) : undefined });
  if (page.total === 0) return null;
  return (
    <nav class="pager" aria-label={t.pages}>
      <span>{t.rows(f.integer(offset + 1), f.integer(offset + page.items.length), f.integer(page.total))}</span>
      {number > 1 && (
        <a rel="prev" href={to(Math.min(number - 1, last))}>
          {t.previous}
        </a>
      )}
      {number < last && (
        <a rel="next" href={to(number + 1)}>
          {t.next}
        </a>
      )}
    </nav>
  );
}

/** Why a list is empty, and what would fill it. */
export function NoRows({ title, help }: { title: string; help: string }) {
  const { t, state } = useShown();
  const { window: _, sort: __, order: ___, ...filters } = state.route.params;
  if (Object.keys(filters).length === 0) return <Empty title={title} help={help} />;
  const cleared = Object.fromEntries(Object.keys(filters).map((name) => [name, undefined]));
  return (
    <Empty
      title={t.nothingFound}
      help={t.nothingFoundHelp}
      action={{ label: t.clear, href: change(state.route, cleared) }}
    />
  );
}
