import type { FunctionStatus, Overview, Status } from "../src/api/types";

export const NOW = Date.parse("2026-03-10T12:00:00Z");
export const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1000).toISOString();

/** A status of a shop whose heartbeat and last entry are that old. */
export function statusOf(
  o: {
    version?: number;
    beat?: number | null;
    event?: number;
    lag?: number;
    asOf?: number;
    ledger?: string;
    computed?: boolean;
  } = {},
): Status {
  const beat = o.beat === undefined ? 2 : o.beat;
  const lag = o.lag ?? 0;
  const progress = { as_of: beat === null ? null : at(o.asOf ?? beat), lag, gaps: 0, dead_letters: 0 };
  const winners: FunctionStatus = {
    name: "product-winners",
    computed: o.computed ?? true,
    reason: null,
    ...progress,
    rules_version: 1,
    reviews_due: 0,
    streams: [
      {
        stream: "sales/0",
        ...progress,
        sequence: 4,
        published: 4,
        offset: 4,
        last_event_at: at(o.event ?? 30),
        records: 4,
        missing: [],
      },
    ],
  };
  return {
    version: `0001.2026-03-10.${String(o.version ?? 5).padStart(12, "0")}`,
    business_date: "2026-03-10",
    today: "2026-03-10",
    currency: "EUR",
    ledger: o.ledger ?? "/ledgers/a",
    epoch: 1,
    computed: o.computed ?? true,
    reason: o.computed === false ? "nothing-ran" : null,
    heartbeat_at: beat === null ? null : at(beat),
    ...progress,
    functions: [winners],
  };
}

export function overviewAt(version: number): Overview {
  return { version: `0001.2026-03-10.${String(version).padStart(12, "0")}` } as Overview;
}
