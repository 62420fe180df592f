import type { Client, ListName, Lot, Page, Winner } from "../api/types";
import { type Cell, csv, exact, moneyCell, percentCell } from "../format/csv";
import type { Texts } from "../i18n";
import type { Shown } from "./context";

type Table = { head: string[]; rows: Cell[][] };
type Row<L extends ListName> = Page<L>["items"][number];

/** Saves the rows of a list as a file for a spreadsheet. */
export function fileOf(name: ListName, rows: Row<ListName>[], { t, f, state }: Shown): void {
  const currency = state.contact?.status.currency ?? "";
  const { head, rows: cells } = tableOf(name, rows, t, currency);
  const day = state.contact?.status.business_date ?? "";
  const period = state.route.view === "winners" ? `-${state.route.params.window ?? "30d"}` : "";
  download(`${name}${period}-${day}.csv`, csv(f.locale, head, cells));
}

export function tableOf(name: ListName, rows: Row<ListName>[], t: Texts, currency: string): Table {
  const money = (n: number | null) => moneyCell(n, currency);
  const unit = (label: string) => (currency ? `${label} (${currency})` : label);
  switch (name) {
    case "product-winners":
      return {
        head: [
          t.rank,
          t.product,
          "Id",
          t.category,
          t.abc,
          unit(t.profit),
          unit(t.revenue),
          unit(t.cost),
          `${t.margin} (%)`,
          unit(t.uncostedShort),
          t.units,
          t.orders,
          t.perDay,
          `${t.profit}, ${t.change} (%)`,
          `${t.revenue}, ${t.change} (%)`,
          t.firstSold,
          t.lastSold,
        ],
        rows: (rows as Winner[]).map((w) => [
          exact(w.rank),
          w.name,
          w.product_id,
          w.category,
          w.abc,
          money(w.profit),
          money(w.revenue),
          money(w.cost),
          percentCell(w.margin),
          money(w.uncosted_revenue),
          exact(w.units),
          exact(w.orders),
          exact(w.velocity),
          percentCell(w.profit_change),
          percentCell(w.revenue_change),
          w.first_sold_on,
          w.last_sold_on,
        ]),
      };
    case "loss-risk":
      return {
        head: [
          t.product,
          "Id",
          t.lot,
          t.category,
          t.filterRisk,
          unit(t.atRisk),
          unit(t.lostProfit),
          t.onHand,
          unit(t.unitCost),
          unit(t.sellPrice),
          t.received,
          t.expires,
          t.daysLeft,
          t.daysHeld,
          t.daysIdle,
          t.lastSold,
        ],
        rows: (rows as Lot[]).map((l) => [
          l.name,
          l.product_id,
          l.lot,
          l.category,
          l.flags.map((x) => t.flags[x] ?? x).join(" + "),
          money(l.value_at_risk),
          money(l.lost_profit),
          exact(l.on_hand),
          money(l.unit_cost),
          money(l.sell_price),
          l.received_on,
          l.expiry_date,
          exact(l.days_left),
          exact(l.days_held),
          exact(l.days_idle),
          l.last_sold_on,
        ]),
      };
    case "client-promotions":
      return {
        head: [
          t.client,
          "Id",
          t.tier,
          unit(t.revenue),
          t.orders,
          unit(t.averageOrder),
          `${t.progress} (%)`,
          t.eligibleSince,
          t.lostAt,
          t.firstPurchase,
          t.lastPurchase,
        ],
        rows: (rows as Client[]).map((c) => [
          c.name,
          c.client_id,
          t.tiers[c.tier as keyof typeof t.tiers] ?? c.tier,
          money(c.revenue),
          exact(c.orders),
          money(c.average_order),
          percentCell(c.progress),
          c.eligible_since,
          c.lost_at,
          c.first_purchase,
          c.last_purchase,
        ]),
      };
  }
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
