import type { FaultKind } from "./source";
import { Fault } from "./source";

const PATIENCE = 15_000; // ms until an answer counts as missing

/** Where the token of a signed-in reader comes from; null where there is none. */
export type Token = () => string | null;

const NOBODY: Token = () => null;

/**
 * Reads JSON. The browser keeps and revalidates what it got before (ETag), so an
 * answer that has not changed costs a 304. Throws a Fault.
 */
export async function readJSON(url: string, token: Token = NOBODY, cache: RequestCache = "no-cache"): Promise<unknown> {
  const bearer = token();
  let res: Response;
  let body: string;
  try {
    res = await fetch(url, {
      cache,
      signal: AbortSignal.timeout(PATIENCE),
      referrerPolicy: "no-referrer",
      ...(bearer ? { headers: { Authorization: `Bearer ${bearer}` } } : {}),
    });
    body = await res.text();
  } catch {
    throw new Fault("offline", `${url} does not answer.`);
  }
  if (!res.ok) throw new Fault(kindOf(res.status, body), `${url} answered ${res.status}.`);
  try {
    return JSON.parse(body);
  } catch {
    throw new Fault("invalid", `${url} answered no JSON.`);
  }
}

function kindOf(status: number, body: string): FaultKind {
  if (status === 401 || status === 403) return "signin";
  const problem = /urn:comptoir:problem:([a-z-]+)/.exec(body)?.[1];
  if (problem === "state-older") return "older";
  if (problem === "unknown-item") return "absent";
  return status === 408 || status === 429 || (status >= 500 && problem !== "currency-differs") ? "offline" : "invalid";
}
