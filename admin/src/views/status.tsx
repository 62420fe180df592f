import type { FunctionStatus } from "../api/types";
import { type Freshness, lastEvent } from "../state/freshness";
import { statusOf } from "../state/store";
import { useFreshness } from "./banner";
import { type Shown, useShown } from "./context";
import { Head } from "./head";
import { Card, Scroll, Skeleton, Unknown } from "./parts";

/** How far everything is: in words first, then in numbers. */
export function StatusView() {
  const { t, f, state } = useShown();
  const s = statusOf(state);
  const fresh = useFreshness();
  if (!s) {
    return (
      <>
        <Head title={t.views.status} day={null} />
        <Skeleton rows={8} class="card" />
      </>
    );
  }
  const published = state.contact?.publishedAt;
  return (
    <>
      <Head title={t.views.status} day={s.business_date} />
      <p class="lead" data-state={fresh.state}>
        <i aria-hidden="true" />
        <b>{t.states[fresh.state]}</b> {leadOf(fresh, s.lag, lastEvent(s), t, f)}
      </p>
      <div class="functions">
        {s.functions.map((fn) => (
          <FunctionCard key={fn.name} fn={fn} beat={s.heartbeat_at} />
        ))}
      </div>
      <dl class="facts-list">
        <div>
          <dt>{t.version}</dt>
          <dd>
            <code>{s.version}</code>
          </dd>
        </div>
        <div>
          <dt>{t.ledger}</dt>
          <dd>
            <code>{s.ledger || "–"}</code>
          </dd>
        </div>
        {published !== undefined && (
          <div>
            <dt>{t.published}</dt>
            <dd>{f.dateTime(published)}</dd>
          </div>
        )}
      </dl>
    </>
  );
}

function leadOf(fresh: Freshness, lag: number | null, last: number | null, t: Shown["t"], f: Shown["f"]): string {
  switch (fresh.state) {
    case "live":
      return (lag ?? 0) > 0 ? t.functionLag(lag ?? 0, f.integer(lag ?? 0)) : t.functionLive;
    case "quiet":
      return t.quietSince(f.dateTime(fresh.since));
    case "never":
      return t.neverWhy(fresh.reason);
    case "stale":
      return t.staleWhy[fresh.why](f.list(fresh.functions.map((n) => t.functions[n] ?? n)));
    default:
      return last === null ? "" : t.asOf(f.dateTime(last));
  }
}

function FunctionCard({ fn, beat }: { fn: FunctionStatus; beat: string | null }) {
  const { t, f, now } = useShown();
  const said = sentences(fn, beat, now, t, f);
  const head = [t.stream, t.streamAsOf, t.lag, t.gaps, t.deadLetters, t.recordsRead, t.lastEvent, t.sequence];
  return (
    <Card title={t.functions[fn.name] ?? fn.name}>
      <ul class="said">
        {said.map(([tone, text]) => (
          <li key={text} class={tone}>
            <i aria-hidden="true" />
            {text}
          </li>
        ))}
      </ul>
      <dl class="facts-list small">
        {numbersOf(fn, t, f).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {fn.streams.length > 0 && (
        <details>
          <summary>{t.numbers}</summary>
          <Scroll label={`${t.functions[fn.name] ?? fn.name}, ${t.numbers}`}>
            <table class="plain">
              <caption class="sr">{`${t.functions[fn.name] ?? fn.name}, ${t.numbers}`}</caption>
              <thead>
                <tr>
                  {head.map((h, i) => (
                    <th key={h} scope="col" class={i > 0 ? "num" : ""}>
                      {h}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {fn.streams.map((s) => (
                  <tr key={s.stream}>
                    <th scope="row">{s.stream}</th>
                    <td class="num">{s.as_of === null ? <Unknown /> : f.timeExact(Date.parse(s.as_of))}</td>
                    <td class="num">{s.lag === null ? <Unknown /> : f.integer(s.lag)}</td>
                    <td class="num">{f.integer(s.gaps)}</td>
                    <td class="num">{f.integer(s.dead_letters)}</td>
                    <td class="num">{f.integer(s.records)}</td>
                    <td class="num">
                      {s.last_event_at === null ? <Unknown /> : f.dateTime(Date.parse(s.last_event_at))}
                    </td>
                    <td class="num">{f.integer(s.sequence)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </details>
      )}
    </Card>
  );
}

function numbersOf(fn: FunctionStatus, t: Shown["t"], f: Shown["f"]): [string, string][] {
  const count = (n: number | null) => (n === null ? "–" : f.integer(n));
  return [
    [t.streamAsOf, fn.as_of === null ? "–" : f.timeExact(Date.parse(fn.as_of))],
    [t.lag, count(fn.lag)],
    [t.gaps, count(fn.gaps)],
    [t.deadLetters, count(fn.dead_letters)],
    ...(fn.name === "freshness" ? [] : [[t.rulesVersion, count(fn.rules_version)] as [string, string]]),
  ];
}

type Said = ["good" | "warn" | "note", string];

function sentences(fn: FunctionStatus, beat: string | null, now: number, t: Shown["t"], f: Shown["f"]): Said[] {
  const said: Said[] = [];
  if (fn.name === "freshness") {
    return [beat === null ? ["note", t.functionNoBeat] : ["good", t.functionBeat(f.ago(Date.parse(beat), now))]];
  }
  if (!fn.computed) said.push(["note", fn.reason === "no-documents" ? t.functionEmpty : t.functionNever]);
  else if ((fn.lag ?? 0) > 0) said.push(["warn", t.functionLag(fn.lag ?? 0, f.integer(fn.lag ?? 0))]);
  else said.push(["good", t.functionLive]);
  if (fn.gaps > 0) said.push(["warn", t.functionGaps(fn.gaps, f.integer(fn.gaps))]);
  if (fn.dead_letters > 0) said.push(["warn", t.functionDead(fn.dead_letters, f.integer(fn.dead_letters))]);
  if (fn.reviews_due > 0) said.push(["note", t.functionReviews(fn.reviews_due, f.integer(fn.reviews_due))]);
  return said;
}
