import { render } from "preact";
import { type Config, readConfig, type SignIn } from "./api/config";
import { serverSource } from "./api/server";
import type { Source } from "./api/source";
import { Fault } from "./api/source";
import type { Session } from "./auth/oidc";
import { chooseLanguage, loadTexts, type Texts } from "./i18n";
import { forget, setting } from "./state/device";
import { openPage } from "./state/page";
import type { Clock } from "./state/poll";
import { navigator as makeNavigate } from "./views/navigate";
import { type Opened, paint, Root, themeOf } from "./views/root";

const clock: Clock = {
  now: () => Date.now(),
  after(ms, f) {
    const id = setTimeout(f, ms);
    return () => clearTimeout(id);
  },
  random: () => Math.random(),
};

const root = document.getElementById("page") ?? document.body;

async function start(): Promise<void> {
  const language = chooseLanguage(setting("language"), navigator.languages);
  const [texts, opened] = await Promise.all([loadTexts(language), open().catch(asFault)]);
  document.documentElement.lang = language;
  if (opened instanceof Fault) {
    refuse(opened, texts);
    return;
  }
  const navigate = makeNavigate((search) => opened.page.go(search));
  const seen = () => opened.page.seen(document.visibilityState === "visible");
  document.addEventListener("visibilitychange", seen);
  addEventListener("focus", () => opened.page.retry());
  addEventListener("online", () => opened.page.retry());
  root.replaceChildren();
  render(<Root {...opened} navigate={navigate} language={language} texts={texts} />, root);
  seen();
}

async function open(): Promise<Opened> {
  const config = await readConfig(location.href);
  const session = config.signIn && (await openSession(config.signIn));
  const source = await sourceOf(config, session);
  if (session) forget(config.url);
  const page = openPage({ source, clock, search: location.search, keepUnder: session ? null : config.url });
  return { page, config, session };
}

async function openSession(config: SignIn): Promise<Session> {
  const oidc = await import("./auth/oidc");
  return oidc.openSession(config, new URL(location.href));
}

async function sourceOf(config: Config, session: Session | null): Promise<Source> {
  const token = () => session?.token() ?? null;
  const source =
    config.source === "api"
      ? serverSource(config.url, token)
      : (await import("./api/snapshots")).snapshotSource(config.url, token);
  if (!session) return source;
  return {
    ...source,
    async poll() {
      if (!(await session.renew())) throw new Fault("signin", "Nobody is signed in.");
      return source.poll();
    },
  };
}

function asFault(e: unknown): Fault {
  return e instanceof Fault ? e : new Fault("invalid", String(e));
}

// Without settings there is nothing to show; why, and a way to try again, is.
function refuse(fault: Fault, t: Texts): void {
  const again = () => location.reload();
  const text = fault.kind === "signin" ? t.signinFailed : t.configBroken(fault.message);
  root.replaceChildren();
  render(
    <main id="main" class="refused">
      <h1>Comptoir</h1>
      <p role="alert">{text}</p>
      <button type="button" onClick={again}>
        {t.retry}
      </button>
    </main>,
    root,
  );
}

paint(themeOf(setting("theme")));
void start();
