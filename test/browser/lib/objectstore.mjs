// A real object store, the Versity S3 Gateway, with websites as browsers find them:
// NAME.localhost is this machine's.
import { createHash, createHmac } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, until } from "./shop.mjs";

const CACHE = process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? "/", ".cache");
export const GATEWAY = join(CACHE, "comptoir", "bin", "versitygw-v1.8.0");
export const missing = existsSync(GATEWAY) ? false : "the object store is not built: run test/all publish";

const [KEY, SECRET, REGION] = ["the-shop", "the-shops-secret", "us-east-1"];

export async function openStore() {
  const dir = mkdtempSync(join(tmpdir(), "comptoir-store-"));
  for (const sub of ["data", "meta"]) mkdirSync(join(dir, sub));
  const [api, web] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${api}`;
  const gateway = spawn(
    GATEWAY,
    ["--quiet", "--port", `127.0.0.1:${api}`, "--access", KEY, "--secret", SECRET, "--region", REGION, "--website", `127.0.0.1:${web}`, "--website-domain", "localhost", "posix", "--sidecar", join(dir, "meta"), join(dir, "data")],
    { stdio: "ignore" },
  );
  await until("the object store", () => fetch(endpoint).then((r) => r.status > 0));

  /** Does what the S3 API calls by a query parameter, signed (AWS Signature Version 4). */
  async function put(path, query, body) {
    const hash = (s) => createHash("sha256").update(s).digest("hex");
    const mac = (key, s) => createHmac("sha256", key).update(s).digest();
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`;
    const canonical = ["PUT", path, query && `${query}=`, `host:127.0.0.1:${api}`, `x-amz-content-sha256:${hash(body)}`, `x-amz-date:${time}`, "", "host;x-amz-content-sha256;x-amz-date", hash(body)].join("\n");
    const key = [time.slice(0, 8), REGION, "s3", "aws4_request"].reduce(mac, `AWS4${SECRET}`);
    const signature = mac(key, ["AWS4-HMAC-SHA256", time, scope, hash(canonical)].join("\n")).toString("hex");
    const headers = {
      "x-amz-content-sha256": hash(body),
      "x-amz-date": time,
      Authorization: `AWS4-HMAC-SHA256 Credential=${KEY}/${scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
    };
    const res = await fetch(`${endpoint}${path}${query && `?${query}=`}`, { method: "PUT", headers, body });
    if (!res.ok) throw new Error(`${path}?${query}: ${res.status} ${await res.text()}`);
  }

  return {
    env: { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET, AWS_REGION: REGION },
    /** Makes a bucket that anybody may read, and returns the address of its website. */
    async bucket(name) {
      await put(`/${name}`, "", "");
      await put(`/${name}`, "policy", JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${name}/*` }] }));
      await put(`/${name}`, "website", '<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>');
      return `http://${name}.localhost:${web}/`;
    },
    close() {
      gateway.kill("SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
