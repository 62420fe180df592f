import type { AgeGroup, Flag, Lot, Overview } from "../api/types";
import { FLAGS } from "../api/types";
import { Bars } from "../charts/bars";
import { Chart } from "../charts/chart";
import { change } from "../state/route";
import { overviewOf } from "../state/store";
import { type Shown, useShown } from "./context";
import { Head } from "./head";
import { useList } from "./list";
import { Listing } from "./listing";
import { Card, DayText, Figure, Money, Skeleton, Unknown, viewHref } from "./parts";
import type { Column } from "./table";

export function Risk() {
  const shown = useShown();
  const { t, f, state } = shown;
  const { page, busy } = useList("loss-risk");
  const o = overviewOf(state);
  return (
    <>
      <Head title={t.views.risk} day={page?.business_date ?? null} />
      {o ? (
        <>
          <dl class="figures">
            <Figure
              label={t.atRisk}
              value={f.moneyShort(o.loss_risk.value_at_risk)}
              title={f.money(o.loss_risk.value_at_risk)}
            >
              {t.atRiskIn(o.loss_risk.lots, f.integer(o.loss_risk.lots))}
            </Figure>
            <Figure
              label={t.lostProfit}
              value={f.moneyShort(o.loss_risk.lost_profit)}
              title={f.money(o.loss_risk.lost_profit)}
            >
              {t.lostProfitHelp}
            </Figure>
          </dl>
          <div class="two">
            <Card title={t.filterRisk} sub={t.byFlag}>
              <ByFlag o={o} />
            </Card>
            <Card title={t.ageing} sub={t.ageingSub}>
              <Ageing groups={o.loss_risk.aging} />
            </Card>
          </div>
        </>
      ) : (
        <Skeleton rows={4} class="figures" />
      )}
      <Listing
        name="loss-risk"
        title={t.views.risk}
        selects={[
          {
            label: t.filterRisk,
            name: "flag",
            options: [{ value: "", label: t.allFlags }, ...FLAGS.map((x) => ({ value: x, label: t.flags[x] }))],
          },
          {
            label: t.category,
            name: "category",
            options: [
              { value: "", label: t.allCategories },
              ...(o?.categories ?? []).map((c) => ({ value: c, label: c })),
            ],
          },
        ]}
        page={page}
        busy={busy}
        columns={(sums) => columns(shown, sums)}
        id={(l) => `${l.product_id} ${l.lot}`}
        href={(l) => viewHref("product", l.product_id)}
        own="value_at_risk"
        none={{ title: t.noRisk, help: t.noRiskHelp }}
      />
    </>
  );
}

/** The totals by flag, each of which filters the list. */
function ByFlag({ o }: { o: Overview }) {
  const { t, f, state } = useShown();
  const chosen = state.route.params.flag;
  return (
    <ul class="flags">
      {o.loss_risk.by_flag.map((g) => (
        <li key={g.flag}>
          <a
            href={change(state.route, { flag: chosen === g.flag ? undefined : g.flag })}
            aria-current={chosen === g.flag ? "true" : undefined}
          >
            <FlagMark flag={g.flag} />
            <span class="name">{t.flags[g.flag]}</span>
            <span class="note">
              {t.lotsCount(g.lots, f.integer(g.lots))}
              {g.unknown_cost > 0 && `, ${t.unknownCost(g.unknown_cost, f.integer(g.unknown_cost))}`}
            </span>
            <span class="value">{g.flag === "NEGATIVE" ? "–" : f.moneyShort(g.value_at_risk)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Ageing({ groups }: { groups: AgeGroup[] }) {
  const { t, f } = useShown();
  const shown = groups.filter((g) => g.from !== null || g.lots > 0);
  const name = (g: AgeGroup) =>
    g.from === null
      ? t.ageUnknown
      : g.to === null
        ? t.ageOver(f.integer(g.from - 1))
        : t.ageRange(f.integer(g.from), f.integer(g.to));
  return (
    <Chart
      label={t.ageing}
      head={[t.ageing, t.value, t.lots]}
      rows={shown.map((g) => [name(g), f.money(g.value), f.integer(g.lots)])}
    >
      <Bars
        bars={shown.map((g) => ({
          key: name(g),
          name: name(g),
          value: g.value,
          shown: f.moneyShort(g.value),
          note: t.lotsCount(g.lots, f.integer(g.lots)),
          tone: "plain" as const,
        }))}
      />
    </Chart>
  );
}

const TONES: Record<Flag, string> = {
  EXPIRED: "loss",
  EXPIRING: "warn",
  WATCH: "warn",
  DEAD: "warn",
  NEGATIVE: "plain",
};
const SHAPES: Record<Flag, string> = {
  EXPIRED: "M2 2l8 8M10 2 2 10",
  EXPIRING: "M6 1 .8 10.500h10.400zM6 4.800v2.400M6 8.700v.1",
  WATCH: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1zM6 3.500V6.200l1.800 1",
  DEAD: "M3.500 2v8M8.500 2v8",
  NEGATIVE: "M3 6h6",
};

export function FlagMark({ flag }: { flag: Flag }) {
  return (
    <svg class={`mark ${TONES[flag] ?? ""}`} viewBox="0 0 12 12" aria-hidden="true">
      <path d={SHAPES[flag] ?? ""} />
    </svg>
  );
}

export function Flags({ flags }: { flags: Flag[] }) {
  const { t } = useShown();
  return (
    <span class="badges">
      {flags.map((x) => (
        <span key={x} class={`badge ${TONES[x] ?? ""}`} title={t.flags[x]}>
          <FlagMark flag={x} />
          {t.flagsShort[x] ?? x}
        </span>
      ))}
    </span>
  );
}

export function columns({ t, f }: Shown, sums: { value_at_risk: number; lost_profit: number }): Column<Lot>[] {
  const unit = f.symbol ? `, ${f.symbol}` : "";
  return [
    {
      sort: "name",
      main: true,
      head: t.product,
      cell: (l) => (
        <>
          <a href={viewHref("product", l.product_id)}>{l.name || l.product_id}</a>{" "}
          <small>
            {l.product_id}
            {l.lot && ` · ${l.lot}`}
          </small>
        </>
      ),
    },
    { sort: "risk", head: t.filterRisk, from: 2, cell: (l) => <Flags flags={l.flags} /> },
    {
      sort: "value_at_risk",
      head: t.atRisk + unit,
      money: true,
      number: true,
      cell: (l) => <Money minor={l.value_at_risk} />,
      sum: f.amount(sums.value_at_risk),
    },
    {
      sort: "lost_profit",
      head: t.lostProfit + unit,
      money: true,
      help: t.lostProfitHelp,
      number: true,
      from: 2,
      cell: (l) => <Money minor={l.lost_profit} />,
      sum: f.amount(sums.lost_profit),
    },
    { sort: "on_hand", head: t.onHand, number: true, from: 2, cell: (l) => f.quantity(l.on_hand) },
    {
      sort: "days_left",
      head: t.daysLeft,
      number: true,
      from: 2,
      cell: (l) => (l.days_left === null ? <Unknown /> : f.integer(l.days_left)),
    },
    {
      sort: "days_held",
      head: t.daysHeld,
      number: true,
      from: 3,
      cell: (l) => (l.days_held === null ? <Unknown /> : f.integer(l.days_held)),
    },
    {
      sort: "days_idle",
      head: t.daysIdle,
      number: true,
      from: 3,
      cell: (l) => (l.days_idle === null ? <Unknown /> : f.integer(l.days_idle)),
    },
    { sort: "expiry_date", head: t.expires, number: true, from: 3, cell: (l) => <DayText day={l.expiry_date} /> },
  ];
}
