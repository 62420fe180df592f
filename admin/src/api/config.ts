import { readJSON } from "./fetch";
import { Fault } from "./source";

/** What config.json beside the page says (docs/page.md). */
export interface Config {
  source: "api" | "snapshots";
  /** Absolute, with a slash at the end. */
  url: string;
  /** Seconds without a heartbeat after which figures count as stale. */
  staleAfter: number;
  /** Seconds without an event after which all is quiet. */
  quietAfter: number;
  signIn: SignIn | null;
}

export interface SignIn {
  issuer: string;
  clientId: string;
  scope: string;
  audience: string | null;
}

const STALE_AFTER = 60;
const QUIET_AFTER = 600;

export async function readConfig(page: string): Promise<Config> {
  return parseConfig(await readJSON(new URL("config.json", page).href), page);
}

/** Returns the settings, or throws a Fault that says which member is wrong. */
export function parseConfig(v: unknown, page: string): Config {
  if (typeof v !== "object" || v === null) throw new Fault("invalid", "config.json is no JSON object.");
  const c = v as Record<string, unknown>;
  if (c.source !== "api" && c.source !== "snapshots") throw wrong("source", 'must be "api" or "snapshots"');
  return {
    source: c.source,
    url: address(c.url ?? ".", page),
    staleAfter: seconds(c.stale_after, "stale_after", STALE_AFTER),
    quietAfter: seconds(c.quiet_after, "quiet_after", QUIET_AFTER),
    signIn: c.issuer === undefined ? null : signIn(c),
  };
}

const wrong = (member: string, must: string) => new Fault("invalid", `config.json: ${member} ${must}.`);

function address(v: unknown, page: string): string {
  const url = typeof v === "string" && URL.canParse(v, page) ? new URL(v.endsWith("/") ? v : `${v}/`, page) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw wrong("url", "must be an address, absolute or from the page");
  return url.origin + url.pathname;
}

function seconds(v: unknown, member: string, usual: number): number {
  if (v === undefined) return usual;
  if (typeof v !== "number" || !(v > 0)) throw wrong(member, "must be a number of seconds");
  return v;
}

function signIn(c: Record<string, unknown>): SignIn {
  const { issuer, client_id, scope = "openid", audience = null } = c;
  if (typeof issuer !== "string" || !URL.canParse(issuer)) throw wrong("issuer", "must be the issuer's address");
  if (typeof client_id !== "string" || !client_id) throw wrong("client_id", "must be that of this page");
  if (typeof scope !== "string") throw wrong("scope", "must be a text");
  if (audience !== null && typeof audience !== "string") throw wrong("audience", "must be a text");
  return { issuer, clientId: client_id, scope, audience };
}
