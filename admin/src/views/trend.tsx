import type { Overview } from "../api/types";
import { Days } from "../charts/days";
import { metricOf, windowOf } from "../state/route";
import { useShown } from "./context";
import { Card } from "./parts";

const LENGTH = { "7d": 7, "30d": 30, all: 60 };

/** The last days one by one, of the figure that the reader chose. */
export function Trend({ o }: { o: Overview }) {
  const { t, f, state } = useShown();
  const metric = metricOf(state.route);
  const money = metric !== "units";
  const since = o.days[o.days.length - LENGTH[windowOf(state.route)]]?.day;
  const label = t.trend(t[metric]);
  return (
    <Card title={label}>
      <Days
        label={label}
        name={t[metric]}
        days={o.days.map((d) => ({ day: d.day, value: d[metric] }))}
        mean
        tiny={money ? f.moneyTiny : f.quantityTiny}
        full={money ? f.money : f.quantity}
        {...(since ? { since } : {})}
      />
    </Card>
  );
}
