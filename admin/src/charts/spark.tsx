const MEAN_OF = 7;

/** A line as high as a word, for the direction alone; the figures stand elsewhere. */
export function Spark({ values }: { values: number[] }) {
  const most = Math.max(1e-9, ...values);
  const y = { at: (v: number) => 27 - (Math.max(0, v) / most) * 25 };
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.map((v, i) => `${(i * step).toFixed(2)} ${y.at(v).toFixed(2)}`);
  return (
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
      <path class="area" d={`M0 ${y.at(0).toFixed(2)}L${points.join("L")}L100 ${y.at(0).toFixed(2)}Z`} />
      <path class="stroke" d={`M${points.join("L")}`} />
    </svg>
  );
}

/** Returns the means of seven days, which a small line can show without its weekends. */
export function weekly(values: number[]): number[] {
  return values.slice(MEAN_OF - 1).map((_, i) => values.slice(i, i + MEAN_OF).reduce((a, b) => a + b, 0) / MEAN_OF);
}
