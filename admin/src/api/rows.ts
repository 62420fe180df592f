import type { ListQuery, Span } from "./source";
import type { Client, Items, ListName, Lot, Page, Winner } from "./types";
import { FLAGS, TIERS } from "./types";

// What the query API does with a list (functions/query), done with a whole list that is
// here: the same filters, orders and sums, so that both sources show the same.

type Row = Winner | Lot | Client;
type Key = number | string | null;

/** Takes capitals and accents away, so that "cafe" finds "Café". */
export function fold(s: string): string {
  return s
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase();
}

// The orders that go from the greatest to the least unless asked otherwise.
const DESCENDING = new Set(
  (
    "profit revenue cost uncosted_revenue units orders margin velocity revenue_change profit_change last_sold_on " +
    "value_at_risk lost_profit days_held days_idle on_hand unit_cost average_order progress tier eligible_since " +
    "lost_at first_purchase last_purchase"
  ).split(" "),
);

const OWN_ORDER: Record<ListName, string> = {
  "product-winners": "rank",
  "loss-risk": "value_at_risk",
  "client-promotions": "revenue",
};

/** The direction of an order where none is asked for. */
export function usualOrder(sort: string): "asc" | "desc" {
  return DESCENDING.has(sort) ? "desc" : "asc";
}

export function ownOrder(list: ListName): string {
  return OWN_ORDER[list];
}

function keyOf(row: Row, sort: string): Key {
  const v = (row as unknown as Record<string, unknown>)[sort];
  if (sort === "risk") return v === null ? null : FLAGS.indexOf(v as Lot["flags"][number]);
  if (sort === "tier") return TIERS.indexOf(v as (typeof TIERS)[number]);
  if (sort === "name" || sort === "category") return fold(String(v)) || null;
  return typeof v === "number" || (typeof v === "string" && v !== "") ? v : null;
}

export function idOf(row: Row): string {
  if ("client_id" in row) return row.client_id;
  return "lot" in row ? `${row.product_id}\0${row.lot}` : row.product_id;
}

const compare = <T extends number | string>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0);

/** Orders rows: what is unknown comes last either way, equal ones by their ids. */
export function sorted<R extends Row>(rows: R[], sort: string, descending: boolean): R[] {
  const keyed = rows.map((row) => ({ row, key: keyOf(row, sort), id: idOf(row) }));
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) {
      return a.key === b.key ? compareUnkeyed(a, b, sort, sign) : a.key === null ? 1 : -1;
    }
    return sign * compare(a.key as string, b.key as string) || compare(a.id, b.id);
  });
  return keyed.map((k) => k.row);
}

type Keyed = { row: Row; id: string };

// Products without a rank stand in the order of what ranks them.
function compareUnkeyed(a: Keyed, b: Keyed, sort: string, sign: number): number {
  if (sort !== "rank") return compare(a.id, b.id);
  const x = a.row as Winner;
  const y = b.row as Winner;
  return sign * (y.profit - x.profit || y.revenue - x.revenue || y.units - x.units) || compare(a.id, b.id);
}

function matches(row: Row, q: ListQuery, day: string): boolean {
  const all = q.all === "true";
  if ("client_id" in row) {
    const moved = q.moved;
    if (q.eligible ? String(row.eligible) !== q.eligible : !all && !moved && !row.eligible) return false;
    if (moved === "gained" && !(row.eligible && within(row.eligible_since, day))) return false;
    if (moved === "lost" && !(!row.eligible && within(row.lost_at, day))) return false;
    return !q.tier || row.tier === q.tier;
  }
  if (q.category && row.category !== q.category) return false;
  if ("lot" in row) return (all || row.flags.length > 0) && (!q.flag || row.flags.some((f) => f === q.flag));
  return (all || row.rank !== null) && (!q.below_minimum || String(row.below_minimum) === q.below_minimum);
}

const MOVED_DAYS = 30;

function within(since: string | null, day: string): boolean {
  if (since === null) return false;
  return Date.parse(day) - Date.parse(since) < MOVED_DAYS * 86_400_000;
}

/** Returns the rows that a query lets through, in its order. */
export function select<L extends ListName>(list: L, whole: Page<L>, q: ListQuery): Page<L>["items"] {
  const words = fold(q.q ?? "")
    .split(/\s+/)
    .filter(Boolean);
  const found = (row: Row) => {
    if (words.length === 0) return true;
    const name = fold(row.name);
    const id = fold("client_id" in row ? row.client_id : row.product_id);
    return words.every((w) => name.includes(w) || id.includes(w));
  };
  const rows = whole.items.filter((row) => matches(row, q, whole.business_date) && found(row));
  const sort = q.sort || ownOrder(list);
  return sorted(rows, sort, (q.order || usualOrder(sort)) === "desc") as Page<L>["items"];
}

/** Returns the page of a whole list that the API would answer. */
export function pageOf<L extends ListName>(list: L, whole: Page<L>, q: ListQuery, span: Span): Page<L> {
  const rows = select(list, whole, q);
  const sums = Object.fromEntries(Object.keys(whole.sums).map((m) => [m, add(rows, m)])) as unknown as Items[L]["sums"];
  const { version, business_date, currency } = whole;
  const items = rows.slice(span.offset, span.offset + span.limit);
  return { version, business_date, currency, items, sums, next: null, total: rows.length };
}

// Quantities have three decimals, so they are added as thousandths.
function add(rows: Row[], member: string): number {
  let n = 0;
  for (const row of rows) {
    const v = (row as unknown as Record<string, number | null>)[member] ?? 0;
    n += member === "units" ? Math.round(v * 1000) : v;
  }
  return member === "units" ? n / 1000 : n;
}
