import type { ComponentChildren } from "preact";
import { useShown } from "../views/context";
import { Scroll } from "../views/parts";

/** A drawing, and the same figures as a table one click away. */
export function Chart(props: {
  label: string;
  head: string[];
  rows: (string | number)[][];
  children: ComponentChildren;
}) {
  const { t } = useShown();
  return (
    <div class="chart">
      <div role="img" aria-label={props.label}>
        {props.children}
      </div>
      <details>
        <summary>{t.table}</summary>
        <Scroll label={props.label}>
          <table class="plain">
            <caption class="sr">{props.label}</caption>
            <thead>
              <tr>
                {props.head.map((h, i) => (
                  <th key={h} scope="col" class={i > 0 ? "num" : ""}>
                    {h}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {props.rows.map((row) => (
                <tr key={row[0]}>
                  {row.map((cell, i) =>
                    i === 0 ? (
                      <th key={props.head[i]} scope="row">
                        {cell}
                      </th>
                    ) : (
                      <td key={props.head[i]} class="num">
                        {cell}
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </div>
  );
}
