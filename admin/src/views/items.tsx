import { keyOf } from "../api/source";
import type { ClientDetail, RiskDetail, Winner, WinnerDetail } from "../api/types";
import { WINDOWS } from "../api/types";
import { Days } from "../charts/days";
import { href } from "../state/route";
import type { Kept } from "../state/store";
import { Progress, TierMark } from "./clients";
import { useShown } from "./context";
import { Head } from "./head";
import { Card, Change, DayText, Empty, Figure, Money, nameOf, Scroll, Skeleton, Unknown } from "./parts";
import { Flags } from "./risk";

/** One product: its windows, its days, its stock and what of it is at risk. */
export function ProductItem() {
  const { t, f, state } = useShown();
  const id = state.route.params.id ?? "";
  const winner = state.answers.get(keyOf({ kind: "item", list: "product-winners", id }));
  const risk = state.answers.get(keyOf({ kind: "item", list: "loss-risk", id }));
  const w = winner?.answer as WinnerDetail | undefined | null;
  const r = risk?.answer as RiskDetail | undefined | null;
  if (winner?.fault && risk?.fault) return <NotFound title={t.views.product} back="winners" />;
  const month = w?.windows["30d"];
  return (
    <>
      <Back view="winners" />
      <Head title={w?.name || r?.name || id} day={(w ?? r)?.business_date ?? null} />
      <p class="facts">
        <code>{id}</code> {month?.category} {month?.abc && <span class={`abc ${month.abc}`}>{month.abc}</span>}
      </p>
      <Missing events={w?.missing_events ?? 0} />
      {w ? (
        <div class="two">
          <Card title={t.windowChoice}>
            <WindowsTable w={w} />
          </Card>
          <Card title={t.dailySales} sub={t.revenue}>
            <Days
              label={t.dailySales}
              name={t.revenue}
              days={w.days.map((d) => ({ day: d.day, value: d.revenue }))}
              tiny={f.moneyTiny}
              full={f.money}
            />
          </Card>
        </div>
      ) : (
        !winner?.fault && <Skeleton rows={8} class="card" />
      )}
      <Card title={t.stockAndRisk}>
        <Lots r={r} kept={risk} />
      </Card>
    </>
  );
}

function WindowsTable({ w }: { w: WinnerDetail }) {
  const { t, f } = useShown();
  const rows: [string, (p: Winner) => preact.ComponentChildren][] = [
    [t.rank, (p) => (p.rank === null ? <Unknown /> : f.integer(p.rank))],
    [t.profit, (p) => f.money(p.profit)],
    [t.change, (p) => <Change bp={p.profit_change} />],
    [t.revenue, (p) => f.money(p.revenue)],
    [t.margin, (p) => <Margin p={p} />],
    [t.units, (p) => f.quantity(p.units)],
    [t.perDay, (p) => (p.velocity === null ? <Unknown /> : f.rate(p.velocity))],
    [t.orders, (p) => f.integer(p.orders)],
    [t.uncostedShort, (p) => f.money(p.uncosted_revenue)],
  ];
  const shown = WINDOWS.some((x) => w.windows[x].uncosted_revenue !== 0) ? rows : rows.slice(0, -1);
  return (
    <Scroll label={t.windowChoice}>
      <table class="plain wide">
        <caption class="sr">{w.name}</caption>
        <thead>
          <tr>
            <td />
            {WINDOWS.map((x) => (
              <th key={x} scope="col" class="num">
                {t.windows[x]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, cell]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {WINDOWS.map((x) => (
                <td key={x} class="num">
                  {cell(w.windows[x])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Margin({ p }: { p: Winner }) {
  const { t, f } = useShown();
  if (p.margin === null) return <Unknown />;
  return (
    <>
      {f.percent(p.margin)}
      {p.below_minimum && <small class="warned"> {t.belowShort}</small>}
    </>
  );
}

function Lots({ r, kept }: { r: RiskDetail | null | undefined; kept: Kept | undefined }) {
  const { t, f } = useShown();
  if (!r) return kept?.fault ? <Empty title={t.noStock} help="" /> : <Skeleton rows={3} />;
  if (r.lots.length === 0) return <Empty title={t.noLots} help="" />;
  const unit = f.symbol ? `, ${f.symbol}` : "";
  return (
    <Scroll label={t.stockAndRisk}>
      <table class="plain wide">
        <caption class="sr">{t.stockAndRisk}</caption>
        <thead>
          <tr>
            <th scope="col">{t.lot}</th>
            <th scope="col">{t.filterRisk}</th>
            {[t.onHand, t.atRisk + unit, t.lostProfit + unit, t.unitCost + unit, t.received, t.expires, t.daysIdle].map(
              (h) => (
                <th key={h} scope="col" class="num">
                  {h}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {r.lots.map((l) => (
            <tr key={l.lot}>
              <th scope="row">{l.lot || t.flagsShort.NEGATIVE}</th>
              <td>
                <Flags flags={l.flags} />
              </td>
              <td class="num">{f.quantity(l.on_hand)}</td>
              <td class="num">
                <Money minor={l.value_at_risk} />
              </td>
              <td class="num">
                <Money minor={l.lost_profit} />
              </td>
              <td class="num">
                <Money minor={l.unit_cost} />
              </td>
              <td class="num">
                <DayText day={l.received_on} />
              </td>
              <td class="num">
                <DayText day={l.expiry_date} />
              </td>
              <td class="num">{l.days_idle === null ? <Unknown /> : f.integer(l.days_idle)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t.sum}</th>
            <td />
            <td />
            <td class="num">{f.amount(r.sums.value_at_risk)}</td>
            <td class="num">{f.amount(r.sums.lost_profit)}</td>
            <td colSpan={4} />
          </tr>
        </tfoot>
      </table>
    </Scroll>
  );
}

/** One client: whether a promotion is due, and what that rests on. */
export function ClientItem() {
  const { t, f, state } = useShown();
  const id = state.route.params.id ?? "";
  const kept = state.answers.get(keyOf({ kind: "item", list: "client-promotions", id }));
  const c = kept?.answer as ClientDetail | undefined | null;
  if (kept?.fault) return <NotFound title={t.views.client} back="clients" />;
  const facts: [string, preact.ComponentChildren][] = c
    ? [
        [t.firstPurchase, <DayText key="a" day={c.first_purchase} />],
        [t.lastPurchase, <DayText key="b" day={c.last_purchase} />],
        [t.eligibleSince, <DayText key="c" day={c.eligible_since} />],
        [t.lostAt, <DayText key="d" day={c.lost_at} />],
      ]
    : [];
  return (
    <>
      <Back view="clients" />
      <Head title={c ? nameOf(c) : id} day={c?.business_date ?? null} />
      {c ? (
        <>
          <p class="facts">
            <code>{id}</code> <TierMark tier={c.tier} />
          </p>
          <Missing events={c.missing_events} />
          <dl class="figures">
            <Figure label={t.revenue} value={f.money(c.revenue)} />
            <Figure label={t.orders} value={f.integer(c.orders)} />
            <Figure label={t.averageOrder} value={c.average_order === null ? "–" : f.money(c.average_order)} />
          </dl>
          <Card title={c.eligible ? t.isEligible : t.isNotEligible(f.percent(c.progress))}>
            <Progress bp={c.progress} />
            <dl class="facts-list">
              {facts.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </Card>
        </>
      ) : (
        <Skeleton rows={6} class="card" />
      )}
    </>
  );
}

function Missing({ events }: { events: number }) {
  const { t, f } = useShown();
  return events > 0 ? <p class="notes">{t.missingEvents(events, f.integer(events))}</p> : null;
}

function Back({ view }: { view: "winners" | "clients" }) {
  const { t } = useShown();
  return (
    <a class="back" href={href(view)}>
      <span aria-hidden="true">← </span>
      {t.views[view]}
    </a>
  );
}

function NotFound({ title, back }: { title: string; back: "winners" | "clients" }) {
  const { t } = useShown();
  return (
    <>
      <Head title={title} day={null} />
      <Empty title={t.notFound} help={t.notFoundHelp} action={{ label: t.back(t.views[back]), href: href(back) }} />
    </>
  );
}
