import type { Overview as Answer, Client, Day, Lot, Winner } from "../api/types";
import { Bars } from "../charts/bars";
import { Spark, weekly } from "../charts/spark";
import { change, href, type Metric, metricOf, windowOf } from "../state/route";
import { overviewOf } from "../state/store";
import { useShown } from "./context";
import { Head, Windows } from "./head";
import { Card, Change, Empty, nameOf, Skeleton, viewHref } from "./parts";

const SHOWN = 6; // bars of each list
const PEOPLE = 5; // they take two lines each

export function Overview() {
  const { t, f, state, more } = useShown();
  const o = overviewOf(state);
  const w = windowOf(state.route);
  const compared = w === "all" ? null : t.vsBefore(t.windows[w]);
  return (
    <>
      <Head title={t.views.overview} day={o?.business_date ?? null} more={compared}>
        <Windows route={state.route} />
      </Head>
      {o ? (
        <>
          <Metrics o={o} />
          <div class="answers">
            <Earns o={o} />
            <Losing o={o} />
            <Deserving o={o} />
          </div>
          {more ? <more.Trend o={o} /> : <Skeleton rows={6} class="card trend" />}
        </>
      ) : (
        <Waiting label={t.loading} />
      )}
    </>
  );

  function Waiting({ label }: { label: string }) {
    return (
      <div role="status" aria-label={label} data-locale={f.locale}>
        <Skeleton rows={4} class="metrics" />
        <div class="answers">
          <Skeleton rows={6} class="card" />
          <Skeleton rows={6} class="card" />
          <Skeleton rows={6} class="card" />
        </div>
      </div>
    );
  }
}

function Metrics({ o }: { o: Answer }) {
  const { t, f, state } = useShown();
  const w = windowOf(state.route);
  const total = o.windows[w];
  const chosen = metricOf(state.route);
  const marginChange =
    total.margin !== null && total.before?.margin != null ? total.margin - total.before.margin : null;
  const sparks = (of: (d: Day) => number) => <Spark values={weekly(o.days.map(of))} />;
  const compared = w !== "all";
  const cell = (name: Metric, value: string, exact: string, bp: number | null) => (
    <a
      class="metric"
      key={name}
      href={change(state.route, { metric: name === "profit" ? undefined : name })}
      aria-current={chosen === name ? "true" : undefined}
      title={exact}
    >
      <span class="label">{t[name]}</span>
      <span class="big">{value}</span>
      <span class="under">{compared ? <Change bp={bp} /> : null}</span>
      {sparks((d) => d[name])}
    </a>
  );
  return (
    <section aria-label={t.views.overview} class="metrics">
      {cell("profit", f.moneyShort(total.profit), f.money(total.profit), total.profit_change)}
      {cell("revenue", f.moneyShort(total.revenue), f.money(total.revenue), total.revenue_change)}
      {cell("units", f.quantity(Math.round(total.units)), f.quantity(total.units), total.units_change)}
      <div class="metric" title={t.margin}>
        <span class="label">{t.margin}</span>
        <span class="big">{total.margin === null ? "–" : f.percent(total.margin)}</span>
        <span class="under">{compared && marginChange !== null ? <Change bp={marginChange} points /> : null}</span>
        {sparks((d) => (d.revenue > 0 ? d.profit / d.revenue : 0))}
      </div>
    </section>
  );
}

function Earns({ o }: { o: Answer }) {
  const { t, f, state } = useShown();
  const w = windowOf(state.route);
  const total = o.windows[w];
  const top = o.top.products[w].slice(0, SHOWN);
  return (
    <Card
      title={t.earns}
      sub={
        <>
          <b>{f.moneyShort(total.profit)}</b> {t.ranked(total.ranked, f.integer(total.ranked))}
        </>
      }
      more={{ label: t.earnsMore, href: href("winners", { window: w === "30d" ? undefined : w }) }}
    >
      {top.length === 0 ? (
        <Empty title={t.noWinners} help={t.noWinnersHelp} />
      ) : (
        <Bars
          bars={top.map((p: Winner) => ({
            key: p.product_id,
            name: <a href={viewHref("product", p.product_id)}>{p.name || p.product_id}</a>,
            value: p.profit,
            shown: f.moneyShort(p.profit),
          }))}
        />
      )}
    </Card>
  );
}

function Losing({ o }: { o: Answer }) {
  const { t, f } = useShown();
  const { lots, value_at_risk } = o.loss_risk;
  return (
    <Card
      title={t.losing}
      sub={
        <>
          <b>{f.moneyShort(value_at_risk)}</b> {t.atRiskIn(lots, f.integer(lots))}
        </>
      }
      more={{ label: t.losingMore, href: href("risk") }}
    >
      {o.top.lots.length === 0 ? (
        <Empty title={t.noRisk} help={t.noRiskHelp} />
      ) : (
        <Bars
          bars={o.top.lots.slice(0, SHOWN).map((l: Lot) => ({
            key: `${l.product_id} ${l.lot}`,
            name: <a href={viewHref("product", l.product_id)}>{l.name || l.product_id}</a>,
            note: l.risk ? t.flagsShort[l.risk] : "",
            value: l.value_at_risk ?? 0,
            shown: l.value_at_risk === null ? "–" : f.moneyShort(l.value_at_risk),
            tone: l.risk === "EXPIRED" ? "loss" : "warn",
          }))}
        />
      )}
    </Card>
  );
}

function Deserving({ o }: { o: Answer }) {
  const { t, f } = useShown();
  const c = o.clients;
  const gained = c.newly_eligible["30d"];
  return (
    <Card
      title={t.deserve}
      sub={
        <>
          <b>{f.integer(c.eligible)}</b> {t.newClients(gained, f.integer(gained))}
        </>
      }
      more={{ label: t.deserveMore, href: href("clients") }}
    >
      {o.top.clients.length === 0 ? (
        <Empty title={t.noClients} help={t.noClientsHelp} />
      ) : (
        <ul class="people">
          {o.top.clients.slice(0, PEOPLE).map((k: Client, place) => (
            <li key={place} data-id={k.client_id}>
              <a href={viewHref("client", k.client_id)}>{nameOf(k)}</a>
              <span class="value">{f.moneyShort(k.revenue)}</span>
              <span class="note">{k.eligible_since ? `${t.eligibleSince} ${f.date(k.eligible_since)}` : ""}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
