import type { ClientDetail, ListName, Overview, Page, RiskDetail, Status, WinnerDetail } from "./types";

/** What a list is asked: the parameters of the query API, without those of paging. */
export type ListQuery = Readonly<Record<string, string>>;

/** A part of a list: `limit` items, `offset` of them passed over. */
export interface Span {
  offset: number;
  limit: number;
}

/** One thing that a view shows. */
export type Wanted =
  | { kind: "overview" }
  | { kind: "list"; list: ListName; query: ListQuery; span: Span }
  | { kind: "item"; list: ListName; id: string };

export type Answer = Overview | Page | WinnerDetail | RiskDetail | ClientDetail;

/** Contact is what polling brings: how far everything is, and of snapshots, when they were written. */
export interface Contact {
  status: Status;
  /** When the snapshots were published; undefined of the API. */
  publishedAt?: number;
  /** Within how many seconds the next one was promised; null where none was. */
  every?: number | null;
}

/** A Source gives answers; it never starts or changes anything. Its errors are Faults. */
export interface Source {
  poll(): Promise<Contact>;
  get(wanted: Wanted): Promise<Answer>;
  /** Every item of a list, for a file. */
  all<L extends ListName>(list: L, query: ListQuery): Promise<Page<L>["items"]>;
}

/**
 * Why no good answer came:
 * offline: nobody answered, or only that the state is out of reach;
 * invalid: what came is not what this page understands;
 * older: it is older than what was shown already;
 * signin: the reader has to sign in;
 * absent: there is no such item.
 */
export type FaultKind = "offline" | "invalid" | "older" | "signin" | "absent";

export class Fault extends Error {
  constructor(
    readonly kind: FaultKind,
    message: string,
  ) {
    super(message);
  }
}

export function keyOf(w: Wanted): string {
  switch (w.kind) {
    case "overview":
      return "overview";
    case "item":
      return `${w.list}/${encodeURIComponent(w.id)}`;
    case "list":
      return `${w.list}?${new URLSearchParams({ ...w.query, offset: String(w.span.offset), limit: String(w.span.limit) })}`;
  }
}
