import * as oauth from "oauth4webapi";
import type { SignIn } from "../api/config";
import { Fault } from "../api/source";

// OpenID Connect, authorization code with PKCE. The token lives in this module's
// closure alone: no storage ever holds it, so a reload asks the provider again, who
// knows the reader still. What sessionStorage holds between leaving and coming back is
// of use to nobody without the provider's answer.

const PENDING = "comptoir.signin";
const LEEWAY = 30_000; // ms before its end at which a token is renewed

interface Pending {
  verifier: string;
  state: string;
  nonce: string;
  search: string;
}

export interface Session {
  /** The token for the API; null while nobody is signed in. */
  token(): string | null;
  /** Leaves for the provider's page. */
  begin(): Promise<void>;
  /** Renews the token where the provider gave the means; says whether there is one now. */
  renew(): Promise<boolean>;
}

/** Returns a session, and where the reader comes back from the provider, with its token. */
export async function openSession(config: SignIn, page: URL): Promise<Session> {
  const issuer = new URL(config.issuer);
  const local = issuer.protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(issuer.hostname);
  const insecure = local ? { [oauth.allowInsecureRequests]: true } : {};
  const server = await oauth
    .discoveryRequest(issuer, insecure)
    .then((res) => oauth.processDiscoveryResponse(issuer, res))
    .catch((e: unknown) => {
      throw new Fault("offline", `The sign-in of ${config.issuer} does not answer: ${String(e)}.`);
    });
  const client: oauth.Client = { client_id: config.clientId };
  const redirect = page.origin + page.pathname;
  let access: string | null = null;
  let refresh: string | null = null;
  let ends = 0;

  function keep(t: oauth.TokenEndpointResponse): void {
    access = t.access_token;
    refresh = t.refresh_token ?? refresh;
    ends = Date.now() + (t.expires_in ?? 3600) * 1000;
  }

  async function begin(): Promise<void> {
    const verifier = oauth.generateRandomCodeVerifier();
    const pending: Pending = {
      verifier,
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      search: location.search,
    };
    if (!server.authorization_endpoint) throw new Fault("invalid", "The provider names no authorization endpoint.");
    sessionStorage.setItem(PENDING, JSON.stringify(pending));
    const to = new URL(server.authorization_endpoint);
    const params = {
      client_id: config.clientId,
      redirect_uri: redirect,
      response_type: "code",
      scope: config.scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state: pending.state,
      nonce: pending.nonce,
      ...(config.audience ? { audience: config.audience } : {}),
    };
    for (const [name, value] of Object.entries(params)) to.searchParams.set(name, value);
    location.assign(to);
  }

  async function finish(pending: Pending): Promise<void> {
    const params = oauth.validateAuthResponse(server, client, page, pending.state);
    const res = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      params,
      redirect,
      pending.verifier,
      insecure,
    );
    keep(await oauth.processAuthorizationCodeResponse(server, client, res, { expectedNonce: pending.nonce }));
  }

  async function renew(): Promise<boolean> {
    if (access && Date.now() < ends - LEEWAY) return true;
    access = null;
    if (!refresh) return false;
    try {
      const res = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refresh, insecure);
      keep(await oauth.processRefreshTokenResponse(server, client, res));
      return true;
    } catch {
      refresh = null;
      return false;
    }
  }

  if (page.searchParams.has("state") && (page.searchParams.has("code") || page.searchParams.has("error"))) {
    const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null") as Pending | null;
    sessionStorage.removeItem(PENDING);
    history.replaceState(null, "", page.pathname + (pending?.search ?? ""));
    if (pending) await finish(pending).catch((e: unknown) => Promise.reject(new Fault("signin", String(e))));
  }
  return { token: () => access, begin, renew };
}
