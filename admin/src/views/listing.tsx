import type { ComponentChildren } from "preact";
import type { ListName, Page } from "../api/types";
import { Skeleton } from "./parts";
import { type Column, Table } from "./table";
import { NoRows, Pager, type Select, Tools } from "./tools";

interface Props<L extends ListName> {
  name: L;
  title: string;
  selects: Select[];
  /** What is chosen of the list before its tools. */
  choices?: ComponentChildren;
  /** Null until the first answer. */
  page: Page<L> | null;
  /** The page shown was the answer to the question before. */
  busy: boolean;
  columns(sums: Page<L>["sums"]): Column<Page<L>["items"][number]>[];
  id(row: Page<L>["items"][number]): string;
  href(row: Page<L>["items"][number]): string;
  /** The list's own order. */
  own: string;
  /** What to say where there is no row, and no filter that would be why. */
  none: { title: string; help: string };
}

/** One of the three lists: its tools, its rows, and where in it this page is. */
export function Listing<L extends ListName>(p: Props<L>) {
  return (
    <section class="card list" aria-label={p.title}>
      {p.choices}
      <Tools name={p.name} selects={p.selects} />
      {!p.page ? (
        <Skeleton rows={12} class="rows" />
      ) : p.page.items.length === 0 ? (
        <NoRows title={p.none.title} help={p.none.help} />
      ) : (
        <>
          <Table
            caption={p.title}
            columns={p.columns(p.page.sums)}
            rows={p.page.items}
            id={p.id}
            href={p.href}
            own={p.own}
            busy={p.busy}
            total={p.page.total}
          />
          <Pager page={p.page} />
        </>
      )}
    </section>
  );
}
