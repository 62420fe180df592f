import type { ComponentChildren } from "preact";
import { usualOrder } from "../api/rows";
import { change } from "../state/route";
import { useShown } from "./context";

export interface Column<R> {
  /** The sort of the API that this column goes by; undefined for one that does not sort. */
  sort?: string;
  head: string;
  help?: string;
  number?: boolean;
  /** The name of the row, which takes what room there is. */
  main?: boolean;
  /** From which width on it is shown: 1 always, 2 from a tablet on, 3 on a desk. */
  from?: 1 | 2 | 3;
  cell(row: R): ComponentChildren;
  sum?: ComponentChildren;
}

interface Props<R> {
  caption: string;
  columns: Column<R>[];
  rows: R[];
  id(row: R): string;
  href(row: R): string;
  /** The list's own order. */
  own: string;
  busy: boolean;
  /** How many rows the sums are of, on all pages. */
  total: number;
}

export function Table<R>(p: Props<R>) {
  const { t, f, state, navigate } = useShown();
  const sort = state.route.params.sort ?? p.own;
  const descending = (state.route.params.order ?? usualOrder(sort)) === "desc";

  // The whole row follows its link; who selects text in it stays.
  function follow(e: MouseEvent, to: string): void {
    if ((e.target as Element).closest("a") || !document.getSelection()?.isCollapsed) return;
    if (e.ctrlKey || e.metaKey || e.button === 1) open(to);
    else navigate(to);
  }

  const sortedName = p.columns.find((c) => c.sort === sort)?.head;
  return (
    <div class="table" aria-busy={p.busy}>
      <table>
        <caption class="sr">
          {p.caption}
          {sortedName && `, ${t.sortedBy(sortedName, descending)}`}
        </caption>
        <thead>
          <tr>
            {p.columns.map((c) => (
              <th
                key={c.head}
                scope="col"
                class={classOf(c)}
                title={c.help}
                aria-sort={c.sort === sort ? (descending ? "descending" : "ascending") : undefined}
              >
                {c.sort ? (
                  <a href={sortHref(state.route, c.sort, sort, descending)}>
                    {c.head}
                    <svg class="arrow" viewBox="0 0 8 8" aria-hidden="true">
                      {c.sort === sort && <path d={descending ? "M4 7 .5 1h7z" : "M4 1 7.5 7h-7z"} />}
                    </svg>
                  </a>
                ) : (
                  c.head
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {p.rows.map((row, place) => (
            // The link inside is what a keyboard follows. Rows are drawn by place: see place.ts.
            <tr key={place} data-id={p.id(row)} onClick={(e) => follow(e, p.href(row))}>
              {p.columns.map((c) => (
                <td key={c.head} class={classOf(c)}>
                  {c.main ? <div>{c.cell(row)}</div> : c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            {p.columns.map((c) => (
              <td key={c.head} class={classOf(c)}>
                {c.main ? (p.total > p.rows.length ? t.sumOf(f.integer(p.total)) : t.sum) : c.sum}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function classOf<R>(c: Column<R>): string {
  return `${c.number ? "num" : ""} ${c.main ? "main" : ""} ${c.from && c.from > 1 ? `from${c.from}` : ""}`
    .replace(/ +/g, " ")
    .trim();
}

function sortHref(route: Parameters<typeof change>[0], to: string, sort: string, descending: boolean): string {
  const order = to === sort ? (descending ? "asc" : "desc") : undefined;
  return change(route, { sort: to, order: order === usualOrder(to) ? undefined : order });
}
