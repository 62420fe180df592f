import type { ComponentChildren } from "preact";
import { href, type View } from "../state/route";
import { useShown } from "./context";

// Small pieces that several views draw.

/** A change against the window before: its direction as a shape, a word and a sign. */
export function Change({ bp, points }: { bp: number | null; points?: boolean }) {
  const { t, f } = useShown();
  if (bp === null) return <span class="faint">–</span>;
  const direction = bp > 0 ? "up" : bp < 0 ? "down" : "level";
  return (
    <span class={`change ${direction}`}>
      <svg viewBox="0 0 8 8" class="arrow" aria-hidden="true">
        <path d={ARROWS[direction]} />
      </svg>
      <span class="sr">{t[direction]} </span>
      {points ? t.points(f.points(bp)) : f.change(bp)}
    </span>
  );
}

const ARROWS = { up: "M4 1 7.5 7h-7z", down: "M4 7 .5 1h7z", level: "M0 3h8v2H0z" };

/** Something unknown is a dash for the eye and a word for the ear. */
export function Unknown() {
  const { t } = useShown();
  return (
    <span class="faint">
      <span aria-hidden="true">–</span>
      <span class="sr">{t.unknown}</span>
    </span>
  );
}

export function Money({ minor }: { minor: number | null }): ComponentChildren {
  const { f } = useShown();
  return minor === null ? <Unknown /> : f.amount(minor);
}

export function DayText({ day }: { day: string | null }) {
  const { f } = useShown();
  return day === null ? <Unknown /> : <time dateTime={day}>{f.date(day)}</time>;
}

export interface Choice {
  label: string;
  href: string;
  current: boolean;
}

/** A few choices of which one holds, as links: each has an address. */
export function Choices({ label, choices }: { label: string; choices: Choice[] }) {
  return (
    <nav class="choices" aria-label={label}>
      {choices.map((c) => (
        <a key={c.label} href={c.href} aria-current={c.current ? "true" : undefined}>
          {c.label}
        </a>
      ))}
    </nav>
  );
}

export function Card(props: {
  title: string;
  sub?: ComponentChildren;
  more?: { label: string; href: string };
  class?: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`card ${props.class ?? ""}`}>
      <header>
        <h2>{props.title}</h2>
        {props.sub !== undefined && <p class="sub">{props.sub}</p>}
      </header>
      {props.children}
      {props.more && (
        <a class="more" href={props.more.href}>
          {props.more.label}
          <span aria-hidden="true"> →</span>
        </a>
      )}
    </section>
  );
}

/** A figure with its name, and what belongs to it beneath. */
export function Figure({
  label,
  value,
  title,
  children,
}: {
  label: string;
  value: string;
  title?: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd class="big" title={title}>
        {value}
      </dd>
      {children !== undefined && <dd class="under">{children}</dd>}
    </div>
  );
}

export function Empty({
  title,
  help,
  action,
}: {
  title: string;
  help: string;
  action?: { label: string; href: string } | undefined;
}) {
  return (
    <div class="empty">
      <p class="title">{title}</p>
      <p>{help}</p>
      {action && <a href={action.href}>{action.label}</a>}
    </div>
  );
}

/** Grey blocks where figures will stand, of their size, so that nothing jumps. */
export function Skeleton({ rows, class: name = "" }: { rows: number; class?: string }) {
  return (
    <div class={`skeleton ${name}`} aria-hidden="true">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} />
      ))}
    </div>
  );
}

/** The names of clients are not always known; their number always is. */
export function nameOf(item: { name: string; client_id: string }): string {
  return item.name || item.client_id;
}

export function viewHref(view: View, id: string): string {
  return href(view, { id });
}

/** What may be wider than its place: it scrolls by itself, by keyboard too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
