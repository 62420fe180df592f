/** Maps values to pixels; zero is always on it. */
export interface Scale {
  at(v: number): number;
  ticks: number[];
}

const STEPS = [1, 2, 2.5, 5, 10];

/** A scale from the least (or zero) to the greatest value (or zero), rounded to at most count steps. */
export function scale(values: number[], from: number, to: number, count = 4): Scale {
  const least = Math.min(0, ...values);
  const most = Math.max(0, ...values);
  const rough = (most - least || 1) / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * (STEPS.find((s) => s * magnitude >= rough) ?? 10);
  const low = Math.floor(least / step) * step;
  const high = Math.ceil((most || step) / step) * step;
  const ticks: number[] = [];
  for (let i = 0; low + i * step <= high + step / 2; i++) ticks.push(low + i * step);
  return { at: (v) => from + ((v - low) / (high - low)) * (to - from), ticks };
}
