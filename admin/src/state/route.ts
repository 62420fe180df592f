import type { ListQuery, Span, Wanted } from "../api/source";
import type { ListName, Window } from "../api/types";
import { WINDOWS } from "../api/types";

// Where the reader is stands in the query string of the page's own address, so that
// any file server can serve it: index.html?view=winners&window=7d.

export const VIEWS = ["overview", "winners", "risk", "clients", "status", "product", "client"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  view: View;
  params: Readonly<Record<string, string>>;
}

export const PAGE_SIZE = 50;
const MAX_VALUE = 200;
const MAX_ID = 256;
const MAX_PAGE = 20_000;

export function parseRoute(search: string): Route {
  const all = new URLSearchParams(search);
  const view = VIEWS.find((v) => v === all.get("view")) ?? "overview";
  const params: Record<string, string> = {};
  for (const name of KNOWN[view]) {
    const value = all.get(name);
    if (value && value.length <= (name === "id" ? MAX_ID : MAX_VALUE) && (VALUES[name]?.test(value) ?? true))
      params[name] = value;
  }
  return { view, params };
}

const LISTED = ["sort", "order", "q", "all", "page"];
const KNOWN: Record<View, string[]> = {
  overview: ["window", "metric"],
  winners: ["window", "category", "below_minimum", ...LISTED],
  risk: ["flag", "category", ...LISTED],
  clients: ["eligible", "tier", "moved", ...LISTED],
  status: [],
  product: ["id"],
  client: ["id"],
};

// What a hand-written address may say, so that no answer is "bad value".
const VALUES: Record<string, RegExp> = {
  window: /^(7d|30d|all)$/,
  metric: /^(profit|revenue|units)$/,
  flag: /^(EXPIRED|EXPIRING|WATCH|DEAD|NEGATIVE)$/,
  tier: /^(standard|silver|gold)$/,
  moved: /^(gained|lost)$/,
  eligible: /^(true|false)$/,
  below_minimum: /^(true|false)$/,
  all: /^true$/,
  order: /^(asc|desc)$/,
  sort: /^[a-z_]{1,30}$/,
  page: /^[1-9][0-9]{0,4}$/,
};

/** Returns the address of a view, relative to the page. */
export function href(view: View, params: Readonly<Record<string, string | undefined>> = {}): string {
  const p = new URLSearchParams();
  if (view !== "overview") p.set("view", view);
  for (const [name, value] of Object.entries(params)) if (value) p.set(name, value);
  return `?${p}`;
}

/** Returns the address of the same view with some parameters changed; paging starts again unless it is among them. */
export function change(r: Route, params: Readonly<Record<string, string | undefined>>): string {
  return href(r.view, { ...r.params, page: undefined, ...params });
}

export const LIST_OF: Partial<Record<View, ListName>> = {
  winners: "product-winners",
  risk: "loss-risk",
  clients: "client-promotions",
};

export function windowOf(r: Route): Window {
  return WINDOWS.find((w) => w === r.params.window) ?? "30d";
}

/** What the API is asked for the list of a route. */
export function queryOf(r: Route): ListQuery {
  const { page: _, ...query } = r.params;
  return r.view === "winners" ? { ...query, window: windowOf(r) } : query;
}

export function spanOf(r: Route): Span {
  const page = Math.min(Number(r.params.page ?? 1), MAX_PAGE);
  return { offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE };
}

/** What a view needs to be shown. */
export function wantedBy(r: Route): Wanted[] {
  const list = LIST_OF[r.view];
  if (list) return [{ kind: "overview" }, { kind: "list", list, query: queryOf(r), span: spanOf(r) }];
  const id = r.params.id ?? "";
  switch (r.view) {
    case "product":
      return [
        { kind: "item", list: "product-winners", id },
        { kind: "item", list: "loss-risk", id },
      ];
    case "client":
      return [{ kind: "item", list: "client-promotions", id }];
    case "status":
      return [];
    default:
      return [{ kind: "overview" }];
  }
}

export type Metric = "profit" | "revenue" | "units";

/** The figure whose days the overview draws. */
export function metricOf(r: Route): Metric {
  const m = r.params.metric;
  return m === "revenue" || m === "units" ? m : "profit";
}
