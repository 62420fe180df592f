import type { ComponentChildren } from "preact";

export interface Bar {
  key: string;
  name: ComponentChildren;
  value: number;
  shown: string;
  note?: string;
  tone?: "loss" | "warn" | "plain";
}

/** Bars beside each other's names, each with its figure: a rank needs no axis. */
export function Bars({ bars }: { bars: Bar[] }) {
  const most = Math.max(1, ...bars.map((b) => b.value));
  return (
    <ol class="bars">
      {bars.map((b, place) => (
        <li key={place} data-id={b.key}>
          <span class="name">
            {b.name}
            {b.note !== undefined && <small>{b.note}</small>}
          </span>
          <span class="value">{b.shown}</span>
          <svg class={`bar ${b.tone ?? ""}`} viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            <rect class="track" width="100" height="1" />
            <rect width={b.value > 0 ? Math.max(0.6, (b.value / most) * 100) : 0} height="1" />
          </svg>
        </li>
      ))}
    </ol>
  );
}
