// The answers of the query API (docs/api.md), which snapshots hold too. Amounts are
// integers in the currency's minor unit, quantities decimal numbers, ratios basis
// points, days YYYY-MM-DD, times RFC 3339. Null is what is not known.

export const WINDOWS = ["7d", "30d", "all"] as const;
export type Window = (typeof WINDOWS)[number];

export const FLAGS = ["EXPIRED", "EXPIRING", "WATCH", "DEAD", "NEGATIVE"] as const;
export type Flag = (typeof FLAGS)[number];

export const TIERS = ["standard", "silver", "gold"] as const;
export type Tier = (typeof TIERS)[number];

export const LISTS = ["product-winners", "loss-risk", "client-promotions"] as const;
export type ListName = (typeof LISTS)[number];

export interface Head {
  version: string;
  business_date: string;
  currency: string;
}

export interface Sums {
  units: number;
  revenue: number;
  cost: number;
  profit: number;
  uncosted_revenue: number;
}

export interface Figures extends Sums {
  margin: number | null;
}

export interface Total extends Figures {
  before: Figures | null;
  revenue_change: number | null;
  profit_change: number | null;
  units_change: number | null;
  ranked: number;
  below_minimum: number;
  classes: { class: "A" | "B" | "C"; products: number; revenue: number; profit: number }[];
  pareto: number[];
}

export interface Day extends Sums {
  day: string;
}

export interface RiskSums {
  value_at_risk: number;
  lost_profit: number;
}

export interface FlagTotal extends RiskSums {
  flag: Flag;
  lots: number;
  unknown_cost: number;
}

export interface AgeGroup {
  from: number | null;
  to: number | null;
  lots: number;
  unknown_cost: number;
  value: number;
}

export interface Overview extends Head {
  windows: Record<Window, Total>;
  days: Day[];
  loss_risk: RiskSums & { lots: number; by_flag: FlagTotal[]; aging: AgeGroup[] };
  clients: {
    clients: number;
    eligible: number;
    newly_eligible: Record<"7d" | "30d", number>;
    lost: Record<"7d" | "30d", number>;
    tiers: Record<Tier, number>;
  };
  categories: string[];
  top: { products: Record<Window, Winner[]>; lots: Lot[]; clients: Client[] };
}

export interface Winner extends Figures {
  product_id: string;
  name: string;
  category: string;
  kind: string;
  rank: number | null;
  abc: string | null;
  orders: number;
  velocity: number | null;
  min_margin: number | null;
  below_minimum: boolean;
  revenue_change: number | null;
  profit_change: number | null;
  first_sold_on: string | null;
  last_sold_on: string | null;
}

export interface Lot {
  product_id: string;
  lot: string;
  name: string;
  category: string;
  on_hand: number;
  flags: Flag[];
  risk: Flag | null;
  value_at_risk: number | null;
  lost_profit: number | null;
  unit_cost: number | null;
  sell_price: number | null;
  received_on: string | null;
  expiry_date: string | null;
  days_left: number | null;
  days_held: number | null;
  days_idle: number | null;
  last_sold_on: string | null;
}

export interface Client {
  client_id: string;
  name: string;
  revenue: number;
  orders: number;
  average_order: number | null;
  tier: string;
  eligible: boolean;
  eligible_since: string | null;
  lost_at: string | null;
  progress: number;
  first_purchase: string | null;
  last_purchase: string | null;
}

export interface Items {
  "product-winners": { item: Winner; sums: Sums };
  "loss-risk": { item: Lot; sums: RiskSums };
  "client-promotions": { item: Client; sums: { revenue: number; orders: number } };
}

export interface Page<L extends ListName = ListName> extends Head {
  items: Items[L]["item"][];
  sums: Items[L]["sums"];
  next: string | null;
  total: number;
}

export interface WinnerDetail extends Head {
  product_id: string;
  name: string;
  missing_events: number;
  windows: Record<Window, Winner>;
  days: Day[];
}

export interface RiskDetail extends Head {
  product_id: string;
  name: string;
  missing_events: number;
  lots: Lot[];
  sums: RiskSums;
}

export interface ClientDetail extends Head, Client {
  missing_events: number;
}

export interface StreamStatus {
  stream: string;
  as_of: string | null;
  sequence: number;
  published: number | null;
  lag: number | null;
  offset: number;
  last_event_at: string | null;
  records: number;
  gaps: number;
  missing: [number, number][];
  dead_letters: number;
}

export interface FunctionStatus {
  name: string;
  computed: boolean;
  reason: string | null;
  as_of: string | null;
  lag: number | null;
  gaps: number;
  dead_letters: number;
  rules_version: number | null;
  reviews_due: number;
  streams: StreamStatus[];
}

export interface Status extends Head {
  today: string;
  ledger: string;
  epoch: number;
  computed: boolean;
  reason: string | null;
  heartbeat_at: string | null;
  as_of: string | null;
  lag: number | null;
  gaps: number;
  dead_letters: number;
  functions: FunctionStatus[];
}
