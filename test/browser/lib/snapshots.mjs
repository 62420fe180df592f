// Writes what the API answers as snapshot files (docs/snapshots.md).
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BUCKETS = 16;
const MOST = 1000;

export function bucketOf(id) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % BUCKETS;
}

export async function snapshot(shop, folder, products) {
  mkdirSync(folder, { recursive: true });
  const files = {};
  function put(name, content) {
    const text = JSON.stringify(content);
    files[name] = `${createHash("sha256").update(text).digest("hex")}.json`;
    writeFileSync(join(folder, files[name]), text);
  }
  async function whole(path) {
    const first = await shop.api(`${path}&limit=${MOST}`);
    for (let page = first; page.next; first.items.push(...page.items)) page = await shop.api(`${path}&limit=${MOST}&cursor=${page.next}`);
    return { ...first, next: null };
  }
  put("overview", await shop.api("overview"));
  for (const w of ["7d", "30d", "all"]) put(`product-winners/${w}`, await whole(`product-winners?all=true&window=${w}`));
  put("loss-risk", await whole("loss-risk?all=true"));
  put("client-promotions", await whole("client-promotions?all=true"));
  const buckets = Array.from({ length: BUCKETS }, () => ({}));
  for (const id of products) {
    const [winner, risk] = await Promise.all([shop.api(`product-winners/${id}`), shop.api(`loss-risk/${id}`).catch(() => null)]);
    buckets[bucketOf(id)][id] = { winner, risk };
  }
  buckets.forEach((content, n) => put(`products/${n}`, content));
  const status = await shop.api("status");
  writeFileSync(join(folder, "index.json"), JSON.stringify({ version: status.version, published_at: new Date().toISOString(), every: 60, status, buckets: BUCKETS, files }));
}
