import type { Client, Tier } from "../api/types";
import { TIERS } from "../api/types";
import { change } from "../state/route";
import { overviewOf } from "../state/store";
import { type Shown, useShown } from "./context";
import { Head } from "./head";
import { useList } from "./list";
import { Listing } from "./listing";
import { Choices, DayText, Figure, Money, nameOf, Skeleton, viewHref } from "./parts";
import type { Column } from "./table";

export function Clients() {
  const shown = useShown();
  const { t, f, state } = shown;
  const { page, busy } = useList("client-promotions");
  const c = overviewOf(state)?.clients;
  const { eligible, moved, all } = state.route.params;
  const choice = (label: string, p: { eligible?: string; moved?: string; all?: string; sort?: string }) => ({
    label,
    href: change(state.route, {
      eligible: undefined,
      moved: undefined,
      all: undefined,
      sort: undefined,
      order: undefined,
      ...p,
    }),
    current: eligible === p.eligible && moved === p.moved && all === p.all,
  });
  return (
    <>
      <Head title={t.views.clients} day={page?.business_date ?? null} />
      {c ? (
        <dl class="figures">
          <Figure label={t.eligible} value={f.integer(c.eligible)}>
            {t.ofClients(c.clients, f.integer(c.clients))}
          </Figure>
          <Figure label={t.gained} value={f.integer(c.newly_eligible["30d"])} />
          <Figure label={t.lost} value={f.integer(c.lost["30d"])} />
          {[...TIERS].reverse().map((tier) => (
            <Figure key={tier} label={t.tiers[tier]} value={f.integer(c.tiers[tier])} />
          ))}
        </dl>
      ) : (
        <Skeleton rows={4} class="figures" />
      )}
      <Listing
        name="client-promotions"
        title={t.views.clients}
        choices={
          <Choices
            label={t.filter}
            choices={[
              choice(t.eligible, {}),
              choice(t.gained, { moved: "gained", sort: "eligible_since" }),
              choice(t.lost, { moved: "lost", sort: "lost_at" }),
              choice(t.notEligible, { eligible: "false", sort: "progress" }),
              choice(t.everyone, { all: "true" }),
            ]}
          />
        }
        selects={[
          {
            label: t.tier,
            name: "tier",
            options: [{ value: "", label: t.allTiers }, ...TIERS.map((x) => ({ value: x, label: t.tiers[x] }))],
          },
        ]}
        page={page}
        busy={busy}
        columns={(sums) => columns(shown, sums, moved === "lost" || eligible === "false", all === "true")}
        id={(k) => k.client_id}
        href={(k) => viewHref("client", k.client_id)}
        own="revenue"
        none={{ title: t.noClients, help: t.noClientsHelp }}
      />
    </>
  );
}

export function Progress({ bp }: { bp: number }) {
  const { f } = useShown();
  return (
    <span class="progress">
      <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="1" />
        <rect width={bp / 100} height="1" />
      </svg>
      <span>{f.percent(bp)}</span>
    </span>
  );
}

function columns(
  { t, f }: Shown,
  sums: { revenue: number; orders: number },
  below: boolean,
  all: boolean,
): Column<Client>[] {
  const unit = f.symbol ? `, ${f.symbol}` : "";
  // What holds of everybody who is listed needs no column.
  const since: Column<Client> = {
    sort: "eligible_since",
    head: t.eligibleSince,
    number: true,
    from: 2,
    cell: (k) => <DayText day={k.eligible ? k.eligible_since : null} />,
  };
  const lost: Column<Client> = {
    sort: "lost_at",
    head: t.lostAt,
    number: true,
    from: 2,
    cell: (k) => <DayText day={k.lost_at} />,
  };
  const progress: Column<Client> = {
    sort: "progress",
    head: t.progress,
    number: true,
    from: 2,
    cell: (k) => <Progress bp={k.progress} />,
  };
  return [
    {
      sort: "name",
      main: true,
      head: t.client,
      cell: (k) => (
        <>
          <a href={viewHref("client", k.client_id)}>{nameOf(k)}</a> {k.name && <small>{k.client_id}</small>}
        </>
      ),
    },
    { sort: "tier", head: t.tier, from: 2, cell: (k) => <TierMark tier={k.tier} /> },
    {
      sort: "revenue",
      head: t.revenue + unit,
      money: true,
      number: true,
      cell: (k) => <Money minor={k.revenue} />,
      sum: f.amount(sums.revenue),
    },
    {
      sort: "orders",
      head: t.orders,
      number: true,
      from: 2,
      cell: (k) => f.integer(k.orders),
      sum: f.integer(sums.orders),
    },
    {
      sort: "average_order",
      head: t.averageOrder + unit,
      money: true,
      number: true,
      from: 3,
      cell: (k) => <Money minor={k.average_order} />,
    },
    {
      sort: "last_purchase",
      head: t.lastPurchase,
      number: true,
      from: 2,
      cell: (k) => <DayText day={k.last_purchase} />,
    },
    ...(below ? [] : [since]),
    ...(below ? [lost] : []),
    ...(below || all ? [progress] : []),
  ];
}

export function TierMark({ tier }: { tier: string }) {
  const { t } = useShown();
  return <span class={`tier ${tier}`}>{t.tiers[tier as Tier] ?? tier}</span>;
}
