import type { Answer, Wanted } from "./source";
import { Fault } from "./source";
import type { ListName, Status } from "./types";

// What has to be true of an answer before it is shown. A shape names each member
// with what it must be; what it does not name may be anything.

type Test = (v: unknown) => boolean;
type Shape = { [member: string]: Test };

const text: Test = (v) => typeof v === "string";
const flag: Test = (v) => typeof v === "boolean";
const number: Test = (v) => typeof v === "number" && Number.isFinite(v);
// An integer that a JavaScript number cannot hold exactly would be shown wrong.
const whole: Test = (v) => Number.isSafeInteger(v);
const day: Test = (v) => typeof v === "string" && /^\d{4}-\d\d-\d\d$/.test(v);
const time: Test = (v) => typeof v === "string" && Number.isFinite(Date.parse(v));
const or =
  (test: Test): Test =>
  (v) =>
    v === null || test(v);
const list =
  (test: Test): Test =>
  (v) =>
    Array.isArray(v) && v.every(test);
const shape =
  (...shapes: Shape[]): Test =>
  (v) =>
    typeof v === "object" &&
    v !== null &&
    shapes.every((s) => Object.entries(s).every(([member, test]) => test((v as Record<string, unknown>)[member])));
const each = (test: Test, ...members: string[]): Shape => Object.fromEntries(members.map((m) => [m, test]));

const head: Shape = {
  version: (v) => typeof v === "string" && /^\d{4,}\.\d{4}-\d\d-\d\d\.\d{12,}$/.test(v),
  business_date: day,
  currency: (v) => typeof v === "string" && /^([A-Z]{3})?$/.test(v),
};

const sums: Shape = { units: number, ...each(whole, "revenue", "cost", "profit", "uncosted_revenue") };
const figures: Shape = { ...sums, margin: or(whole) };
const changes = each(or(whole), "revenue_change", "profit_change");
const total = shape(figures, changes, {
  before: or(shape(figures)),
  units_change: or(whole),
  ranked: whole,
  below_minimum: whole,
  classes: list(shape({ class: text, ...each(whole, "products", "revenue", "profit") })),
  pareto: list(whole),
});
const windows = (test: Test) => shape(each(test, "7d", "30d", "all"));
const days = list(shape(sums, { day }));

const winner = shape(figures, changes, {
  ...each(text, "product_id", "name", "category", "kind"),
  ...each(or(whole), "rank", "min_margin"),
  ...each(or(day), "first_sold_on", "last_sold_on"),
  abc: or(text),
  velocity: or(number),
  orders: whole,
  below_minimum: flag,
});
const riskSums = each(whole, "value_at_risk", "lost_profit");
const lot = shape({
  ...each(text, "product_id", "lot", "name", "category"),
  ...each(or(whole), "value_at_risk", "lost_profit", "unit_cost", "sell_price", "days_left", "days_held", "days_idle"),
  ...each(or(day), "received_on", "expiry_date", "last_sold_on"),
  on_hand: number,
  flags: list(text),
  risk: or(text),
});
const clientShape: Shape = {
  ...each(text, "client_id", "name", "tier"),
  ...each(whole, "revenue", "orders", "progress"),
  ...each(or(day), "eligible_since", "lost_at", "first_purchase", "last_purchase"),
  average_order: or(whole),
  eligible: flag,
};
const client = shape(clientShape);

const overview = shape(head, {
  windows: windows(total),
  days,
  loss_risk: shape(riskSums, {
    lots: whole,
    by_flag: list(shape(riskSums, { flag: text, lots: whole })),
    aging: list(shape({ ...each(whole, "lots", "unknown_cost", "value"), from: or(whole), to: or(whole) })),
  }),
  clients: shape({
    ...each(whole, "clients", "eligible"),
    ...each(shape(each(whole, "7d", "30d")), "newly_eligible", "lost"),
    tiers: shape(each(whole, "standard", "silver", "gold")),
  }),
  categories: list(text),
  top: shape({ products: windows(list(winner)), lots: list(lot), clients: list(client) }),
});

const progress: Shape = {
  as_of: or(time),
  lag: or(whole),
  gaps: whole,
  dead_letters: whole,
};
const status = shape(head, progress, {
  today: day,
  ledger: text,
  computed: flag,
  heartbeat_at: or(time),
  functions: list(
    shape(progress, {
      name: text,
      computed: flag,
      reviews_due: whole,
      rules_version: or(whole),
      streams: list(
        shape(progress, {
          stream: text,
          sequence: whole,
          published: or(whole),
          records: whole,
          last_event_at: or(time),
        }),
      ),
    }),
  ),
});

const itemOf: Record<ListName, Test> = { "product-winners": winner, "loss-risk": lot, "client-promotions": client };
const sumsOf: Record<ListName, Shape> = {
  "product-winners": sums,
  "loss-risk": riskSums,
  "client-promotions": each(whole, "revenue", "orders"),
};
const detailOf: Record<ListName, Test> = {
  "product-winners": shape(head, { ...each(text, "product_id", "name"), windows: windows(winner), days }),
  "loss-risk": shape(head, { ...each(text, "product_id", "name"), lots: list(lot), sums: shape(riskSums) }),
  "client-promotions": shape(head, clientShape),
};

function testOf(w: Wanted): Test {
  switch (w.kind) {
    case "overview":
      return overview;
    case "list":
      return shape(head, { items: list(itemOf[w.list]), sums: shape(sumsOf[w.list]), total: whole, next: or(text) });
    case "item":
      return detailOf[w.list];
  }
}

/** Returns an answer of the query API as what it is, or throws a Fault. */
export function checkAnswer(w: Wanted, v: unknown): Answer {
  if (!testOf(w)(v)) throw new Fault("invalid", `The answer to ${w.kind} has not the form that this page understands.`);
  return v as Answer;
}

/** Returns a status as what it is, or throws a Fault. */
export function checkStatus(v: unknown): Status {
  if (!status(v)) throw new Fault("invalid", "The status has not the form that this page understands.");
  return v as Status;
}
