import type { ComponentChildren } from "preact";
import { WINDOWS } from "../api/types";
import { change, type Route, windowOf } from "../state/route";
import { useShown } from "./context";
import { Choices } from "./parts";

/** The title of a view, and the day that its figures are of. */
export function Head(props: { title: string; day: string | null; more?: string | null; children?: ComponentChildren }) {
  const { t, f } = useShown();
  return (
    <div class="head">
      <div>
        <h1 tabIndex={-1}>{props.title}</h1>
        <div class="subs">
          <p class="sub">{props.day ? t.figuresOf(f.date(props.day)) : "\u00a0"}</p>
          {props.more && <p class="sub">{props.more}</p>}
        </div>
      </div>
      {props.children}
    </div>
  );
}

export function Windows({ route }: { route: Route }) {
  const { t } = useShown();
  const now = windowOf(route);
  return (
    <Choices
      label={t.windowChoice}
      choices={WINDOWS.map((w) => ({
        label: t.windows[w],
        href: change(route, { window: w === "30d" ? undefined : w }),
        current: w === now,
      }))}
    />
  );
}
