import type { ComponentChildren } from "preact";
import { type Freshness, freshness } from "../state/freshness";
import { href } from "../state/route";
import { statusOf } from "../state/store";
import { useShown } from "./context";
import { Icon } from "./icon";

export function useFreshness(): Freshness {
  const { state, now, staleAfter, quietAfter } = useShown();
  return freshness({
    now,
    status: statusOf(state),
    contactAt: state.contactAt,
    beatSeenAt: state.beatSeenAt,
    trouble: state.trouble,
    publishedAt: state.contact?.publishedAt ?? null,
    every: state.contact?.every ?? null,
    staleAfter,
    quietAfter,
    pausedAt: state.pausedAt,
  });
}

/** One word and a shape: whether these figures are up to date. */
export function Fresh() {
  const { t, f, state, page } = useShown();
  const fresh = useFreshness();
  const paused = state.pausedAt !== null;
  return (
    <div class="fresh" data-state={fresh.state}>
      <a href={href("status")} class="pill">
        <i aria-hidden="true" />
        <b>{t.states[fresh.state]}</b>
        <span>{underPill(fresh, t, f)}</span>
      </a>
      {state.contact && (
        <button
          type="button"
          class="quiet-button"
          aria-pressed={paused}
          title={paused ? t.resume : t.pause}
          onClick={() => page.pause(!paused)}
        >
          <Icon name={paused ? "resume" : "pause"} />
          <span class="sr">{t.pause}</span>
        </button>
      )}
    </div>
  );
}

type Shown = ReturnType<typeof useShown>;

function underPill(s: Freshness, t: Shown["t"], f: Shown["f"]): string {
  switch (s.state) {
    case "live":
      return s.lag > 0 ? t.onTheirWay(s.lag, f.integer(s.lag)) : t.asOf(f.time(s.asOf));
    case "quiet":
      return t.asOf(f.time(s.asOf));
    case "stale":
      return s.since === null ? "" : t.since(moment(s.since, f));
    case "paused":
    case "offline":
    case "older":
    case "invalid":
      return t.since(moment(s.since, f));
    default:
      return "";
  }
}

const DAY = 86_400_000;

/** A time of today as such, another one with its day. */
function moment(ms: number, f: Shown["f"]): string {
  return Math.abs(Date.now() - ms) < DAY / 2 ? f.time(ms) : f.dateTime(ms);
}

/** What has to be said before the figures are believed. */
export function Banners() {
  const { t, f, state } = useShown();
  const s = useFreshness();
  const status = statusOf(state);
  const show = state.route.view !== "status" && status !== null;
  return (
    <div class="banners">
      <StateBanner s={s} />
      {show && status.dead_letters > 0 && (
        <Banner tone="warn" title={t.waiting(status.dead_letters, f.integer(status.dead_letters))}>
          <a href={href("status")}>{t.details}</a>
        </Banner>
      )}
      {show && status.gaps > 0 && (
        <Banner tone="warn" title={t.missing(status.gaps, f.integer(status.gaps))}>
          <a href={href("status")}>{t.details}</a>
        </Banner>
      )}
      {show && status.computed && status.business_date < status.today && (
        <Banner tone="note" title={t.dayBehind(f.date(status.business_date))} />
      )}
    </div>
  );
}

function StateBanner({ s }: { s: Freshness }) {
  const { t, f, state, page, signIn } = useShown();
  const retry = (
    <button type="button" onClick={() => page.retry()}>
      {t.retry}
    </button>
  );
  switch (s.state) {
    case "stale": {
      const names = s.functions.map((n) => t.functions[n] ?? n);
      return (
        <Banner tone="warn" title={s.since === null ? t.staleUnknown : t.staleTitle(moment(s.since, f))}>
          {t.staleWhy[s.why](f.list(names))}
        </Banner>
      );
    }
    case "offline":
      return (
        <Banner tone="warn" title={t.offlineTitle}>
          {s.shown ? (state.fromDevice ? t.offlineDevice : t.offlineShown)(f.dateTime(s.since)) : t.offlineNothing}{" "}
          {retry}
        </Banner>
      );
    case "invalid":
      return (
        <Banner tone="warn" title={t.invalidTitle}>
          {s.shown ? t.invalidShown(f.dateTime(s.since)) : t.invalidNothing} {retry}
        </Banner>
      );
    case "older":
      return (
        <Banner tone="warn" title={t.olderTitle}>
          {t.olderShown(f.dateTime(s.since))}{" "}
          <button type="button" onClick={() => page.acceptOlder()}>
            {t.olderAccept}
          </button>
        </Banner>
      );
    case "signin":
      return (
        <Banner tone="note" title={t.signinTitle}>
          {s.shown ? t.signinAgain : t.signinText}{" "}
          {signIn && (
            <button type="button" onClick={signIn}>
              {t.signin}
            </button>
          )}
        </Banner>
      );
    case "paused":
      return (
        <Banner tone="note" title={t.pausedTitle(f.time(s.since))}>
          <button type="button" onClick={() => page.pause(false)}>
            {t.resume}
          </button>
        </Banner>
      );
    case "never":
      return (
        <Banner tone="note" title={t.neverTitle}>
          {t.neverWhy(s.reason)}
        </Banner>
      );
    default:
      return null;
  }
}

function Banner({ tone, title, children }: { tone: "warn" | "note"; title: string; children?: ComponentChildren }) {
  return (
    <section class={`banner ${tone}`} aria-label={title}>
      <Icon name={tone === "warn" ? "risk" : "status"} />
      <p>
        <b>{title}</b>
        {children !== undefined && <span>{children}</span>}
      </p>
    </section>
  );
}
