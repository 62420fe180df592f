import type { Total, Winner } from "../api/types";
import { Bars } from "../charts/bars";
import { Pareto, paretoText } from "../charts/pareto";
import { change, href, windowOf } from "../state/route";
import { overviewOf } from "../state/store";
import { type Shown, useShown } from "./context";
import { Head, Windows } from "./head";
import { useList } from "./list";
import { Listing } from "./listing";
import { Card, Change, DayText, Figure, Money, Skeleton, Unknown, viewHref } from "./parts";
import type { Column } from "./table";

export function Winners() {
  const shown = useShown();
  const { t, f, state } = shown;
  const { page, busy } = useList("product-winners");
  const o = overviewOf(state);
  const w = windowOf(state.route);
  const total = o?.windows[w] ?? null;
  const top = o?.top.products[w] ?? [];
  return (
    <>
      <Head title={t.views.winners} day={page?.business_date ?? null}>
        <Windows route={state.route} />
      </Head>
      {total ? <Totals total={total} /> : <Skeleton rows={4} class="figures" />}
      {total && top.length > 0 && (
        <div class="two">
          <Card title={t.best} sub={`${t.profit}, ${t.windows[w].toLowerCase()}`}>
            <Bars
              bars={top.map((p) => ({
                key: p.product_id,
                name: <a href={viewHref("product", p.product_id)}>{p.name || p.product_id}</a>,
                value: p.profit,
                shown: f.moneyShort(p.profit),
              }))}
            />
          </Card>
          {total.pareto.length > 0 && (
            <Card title={t.pareto} sub={paretoText(total.pareto, t, f)}>
              <Pareto shares={total.pareto} />
              <Classes total={total} />
            </Card>
          )}
        </div>
      )}
      <Listing
        name="product-winners"
        title={t.views.winners}
        selects={[
          {
            label: t.products,
            name: "all",
            options: [
              { value: "", label: t.rankedOnly },
              { value: "true", label: t.everything },
            ],
          },
          {
            label: t.category,
            name: "category",
            options: [
              { value: "", label: t.allCategories },
              ...(o?.categories ?? []).map((c) => ({ value: c, label: c })),
            ],
          },
          {
            label: t.margin,
            name: "below_minimum",
            options: [
              { value: "", label: t.margin },
              { value: "true", label: t.belowOnly },
            ],
          },
        ]}
        page={page}
        busy={busy}
        columns={(sums) => columns(shown, sums)}
        id={(p) => p.product_id}
        href={(p) => viewHref("product", p.product_id)}
        own="rank"
        none={{ title: t.noWinners, help: t.noWinnersHelp }}
      />
    </>
  );
}

function Totals({ total }: { total: Total }) {
  const { t, f, state } = useShown();
  const uncosted = total.uncosted_revenue;
  return (
    <>
      <dl class="figures">
        <Figure label={t.profit} value={f.moneyShort(total.profit)} title={f.money(total.profit)}>
          <Change bp={total.profit_change} />
        </Figure>
        <Figure label={t.revenue} value={f.moneyShort(total.revenue)} title={f.money(total.revenue)}>
          <Change bp={total.revenue_change} />
        </Figure>
        <Figure label={t.margin} value={total.margin === null ? "–" : f.percent(total.margin)} />
        <Figure label={t.units} value={f.quantity(Math.round(total.units))} title={f.quantity(total.units)}>
          <Change bp={total.units_change} />
        </Figure>
      </dl>
      {(total.below_minimum > 0 || uncosted !== 0) && (
        <ul class="notes">
          {total.below_minimum > 0 && (
            <li>
              {t.belowMinimum(total.below_minimum, f.integer(total.below_minimum))}.{" "}
              <a
                href={href("winners", {
                  window: state.route.params.window,
                  below_minimum: "true",
                  all: "true",
                  sort: "margin",
                  order: "asc",
                })}
              >
                {t.show}
              </a>
            </li>
          )}
          {uncosted !== 0 && (
            <li>
              {uncosted > 0 ? t.uncosted(f.money(uncosted)) : t.uncostedNegative(f.money(-uncosted))}.{" "}
              <a
                href={change(state.route, {
                  all: "true",
                  sort: "uncosted_revenue",
                  order: uncosted < 0 ? "asc" : undefined,
                })}
              >
                {t.show}
              </a>
            </li>
          )}
        </ul>
      )}
    </>
  );
}

function Classes({ total }: { total: Total }) {
  const { t, f } = useShown();
  return (
    <dl class="classes">
      {total.classes.map((c) => (
        <div key={c.class}>
          <dt>
            <span class={`abc ${c.class}`}>{c.class}</span>
          </dt>
          <dd>{t.classProducts(c.products, f.integer(c.products))}</dd>
          <dd>{f.moneyShort(c.revenue)}</dd>
          <dd>{total.revenue > 0 ? f.percent(Math.round((c.revenue / total.revenue) * 10_000)) : ""}</dd>
        </div>
      ))}
    </dl>
  );
}

function columns({ t, f }: Shown, sums: { profit: number; revenue: number; units: number }): Column<Winner>[] {
  const unit = f.symbol ? `, ${f.symbol}` : "";
  return [
    {
      sort: "rank",
      head: "#",
      help: t.rank,
      number: true,
      cell: (p) => (p.rank === null ? <Unknown /> : f.integer(p.rank)),
    },
    {
      sort: "name",
      main: true,
      head: t.product,
      cell: (p) => (
        <>
          <a href={viewHref("product", p.product_id)}>{p.name || p.product_id}</a> <small>{p.product_id}</small>
        </>
      ),
    },
    { sort: "category", head: t.category, from: 3, cell: (p) => p.category },
    {
      sort: "abc",
      head: t.abc,
      help: t.abcHelp,
      from: 2,
      cell: (p) => p.abc && <span class={`abc ${p.abc}`}>{p.abc}</span>,
    },
    {
      sort: "profit",
      head: t.profit + unit,
      money: true,
      number: true,
      cell: (p) => <Money minor={p.profit} />,
      sum: f.amount(sums.profit),
    },
    {
      sort: "revenue",
      head: t.revenue + unit,
      money: true,
      number: true,
      from: 2,
      cell: (p) => <Money minor={p.revenue} />,
      sum: f.amount(sums.revenue),
    },
    {
      sort: "margin",
      head: t.margin,
      number: true,
      from: 2,
      cell: (p) => (
        <>
          {p.below_minimum && (
            <span class="below" title={`${t.belowShort}, ${t.minimumOf(f.percent(p.min_margin ?? 0))}`}>
              <svg class="arrow" viewBox="0 0 8 8" aria-hidden="true">
                <path d="M4 7 .5 1h7z" />
              </svg>
              <span class="sr">{t.belowShort} </span>
            </span>
          )}
          {p.margin === null ? <Unknown /> : f.percent(p.margin)}
        </>
      ),
    },
    {
      sort: "units",
      head: t.units,
      number: true,
      from: 2,
      cell: (p) => f.quantity(p.units),
      sum: f.quantity(sums.units),
    },
    {
      sort: "velocity",
      head: t.perDay,
      number: true,
      from: 3,
      cell: (p) => (p.velocity === null ? <Unknown /> : f.rate(p.velocity)),
    },
    { sort: "profit_change", head: t.change, number: true, from: 2, cell: (p) => <Change bp={p.profit_change} /> },
    { sort: "last_sold_on", head: t.lastSold, number: true, from: 3, cell: (p) => <DayText day={p.last_sold_on} /> },
  ];
}
