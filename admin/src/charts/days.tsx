import { useState } from "preact/hooks";
import { useShown } from "../views/context";
import { Chart } from "./chart";
import { scale } from "./scale";
import { useWidth } from "./width";

export interface DayValue {
  day: string;
  value: number;
}

const HEIGHT = 208;
const TOP = 26;
const BOTTOM = 24;
const LEFT = 60;
const RIGHT = 8;
const MEAN_OF = 7;

/** One column a day, and where mean is set a line of the mean of the last seven days. */
export function Days(props: {
  label: string;
  name: string;
  days: DayValue[];
  mean?: boolean;
  tiny(n: number): string;
  full(n: number): string;
  since?: string;
}) {
  const { t, f } = useShown();
  const [ref, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const { days } = props;
  const means = props.mean ? days.map((_, i) => meanAt(days, i)) : [];
  const y = scale([...days.map((d) => d.value)], HEIGHT - BOTTOM, TOP);
  const step = (width - LEFT - RIGHT) / Math.max(1, days.length);
  const x = (i: number) => LEFT + i * step;
  const shownAt = at === null ? null : days[at];
  const line = means
    .map((m, i) => (m === null ? "" : `${means[i - 1] == null ? "M" : "L"}${x(i) + step / 2} ${y.at(m)}`))
    .join("");
  const head = [t.day, props.name, ...(props.mean ? [t.mean] : [])];
  const rows = [...days].reverse().map((d, i) => {
    const m = means[days.length - 1 - i];
    return [f.date(d.day), props.full(d.value), ...(props.mean ? [m == null ? "–" : props.full(m)] : [])];
  });

  function point(e: PointerEvent): void {
    const i = Math.floor((e.offsetX - LEFT) / step);
    setAt(i >= 0 && i < days.length ? i : null);
  }

  return (
    <Chart label={props.label} head={head} rows={rows}>
      <div ref={ref} class="days" onPointerMove={point} onPointerLeave={() => setAt(null)}>
        {width > 0 && (
          <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
            {y.ticks.map((tick) => (
              <g key={tick}>
                <line
                  class={tick === 0 ? "base" : "grid"}
                  x1={LEFT}
                  x2={width - RIGHT}
                  y1={Math.round(y.at(tick)) + 0.5}
                  y2={Math.round(y.at(tick)) + 0.5}
                />
                <text class="axis" x={LEFT - 8} y={y.at(tick) + 4} text-anchor="end">
                  {props.tiny(tick)}
                </text>
              </g>
            ))}
            {days.map((d, i) => (
              <rect
                key={d.day}
                class={`col${i === at ? " on" : ""}${props.since && d.day < props.since ? " before" : ""}${d.value < 0 ? " loss" : ""}`}
                x={x(i) + step * 0.14}
                width={Math.max(1, step * 0.72)}
                y={Math.min(y.at(0), y.at(d.value))}
                height={Math.abs(y.at(d.value) - y.at(0))}
              />
            ))}
            {line && <path class="line" d={line} />}
            {tickDays(days, width).map((i) => (
              <text key={i} class="axis" x={x(i) + step / 2} y={HEIGHT - 6} text-anchor="middle">
                {f.dateShort(days[i]?.day ?? "")}
              </text>
            ))}
          </svg>
        )}
        <p class="readout" aria-hidden="true">
          {shownAt ? (
            <>
              <b>{props.full(shownAt.value)}</b> {f.dateShort(shownAt.day)}
            </>
          ) : (
            <>
              <i class="key-col" /> {t.daily}
              {props.mean && (
                <>
                  <i class="key-line" /> {t.mean}
                </>
              )}
            </>
          )}
        </p>
      </div>
    </Chart>
  );
}

function meanAt(days: DayValue[], i: number): number | null {
  if (i < MEAN_OF - 1) return null;
  let sum = 0;
  for (let j = i - MEAN_OF + 1; j <= i; j++) sum += days[j]?.value ?? 0;
  return Math.round(sum / MEAN_OF);
}

// Whole weeks back from the last day, as many as fit.
function tickDays(days: DayValue[], width: number): number[] {
  const every = width < 480 ? 21 : width < 800 ? 14 : 7;
  const ticks: number[] = [];
  for (let i = days.length - 2; i >= 1; i -= every) ticks.unshift(i);
  return ticks;
}
