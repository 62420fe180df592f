import { type Shown, useShown } from "../views/context";
import { Chart } from "./chart";
import { useWidth } from "./width";

const HEIGHT = 240;
const TOP = 14;
const BOTTOM = 38;
const LEFT = 52;
const RIGHT = 12;
const FULL = 10_000;
const MARK = 8_000; // the share up to which a product is of class A

/** The share of revenue that the best-selling share of products brings. */
export function Pareto({ shares }: { shares: number[] }) {
  const { t, f } = useShown();
  const [ref, width] = useWidth<HTMLDivElement>();
  const x = (part: number) => LEFT + (part / shares.length) * (width - LEFT - RIGHT);
  const y = (bp: number) => HEIGHT - BOTTOM - (bp / FULL) * (HEIGHT - BOTTOM - TOP);
  const crossing = crossingOf(shares);
  const partOf = (part: number) => f.percentWhole(Math.round((part / shares.length) * FULL));
  const points = shares.map((s, i) => `L${x(i + 1).toFixed(1)} ${y(s).toFixed(1)}`).join("");
  const label = paretoText(shares, t, f);
  return (
    <Chart label={label} head={[t.products, t.paretoY]} rows={shares.map((s, i) => [partOf(i + 1), f.percent(s)])}>
      <div ref={ref} class="pareto">
        {width > 0 && (
          <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
            {[0, MARK, FULL].map((bp) => (
              <g key={bp}>
                <line class={bp === 0 ? "base" : "grid"} x1={LEFT} x2={width - RIGHT} y1={y(bp)} y2={y(bp)} />
                <text class="axis" x={LEFT - 8} y={y(bp) + 4} text-anchor="end">
                  {f.percentWhole(bp)}
                </text>
              </g>
            ))}
            <path class="area" d={`M${x(0)} ${y(0)}${points}L${x(shares.length)} ${y(0)}Z`} />
            <path class="line" d={`M${x(0)} ${y(0)}${points}`} />
            <path class="mark" d={`M${LEFT} ${y(MARK)}H${x(crossing)}V${y(0)}`} />
            <circle class="dot" cx={x(crossing)} cy={y(MARK)} r="4" />
            <text class="axis" x={width - RIGHT} y={HEIGHT - 8} text-anchor="end">
              {t.paretoX}
            </text>
            <text class="axis" x={x(crossing)} y={HEIGHT - 22} text-anchor="middle">
              {partOf(crossing)}
            </text>
          </svg>
        )}
      </div>
    </Chart>
  );
}

/** Where the curve passes the mark, between two of its points. */
export function crossingOf(shares: number[]): number {
  const i = shares.findIndex((s) => s >= MARK);
  if (i < 0) return shares.length;
  const before = shares[i - 1] ?? 0;
  const here = shares[i] ?? FULL;
  return i + (here === before ? 1 : (MARK - before) / (here - before));
}

/** The curve in a sentence. */
export function paretoText(shares: number[], t: Shown["t"], f: Shown["f"]): string {
  const part = Math.round((crossingOf(shares) / shares.length) * FULL);
  return t.paretoShare(f.percentWhole(part), f.percentWhole(MARK));
}
