// The real year of the demo, loaded once for all tests that need it.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openShop, until } from "./shop.mjs";

export function loadYear() {
  const data = mkdtempSync(join(tmpdir(), "comptoir-year-"));
  return { data, async load() {
    const shop = await openShop({ data });
    const p = shop.begin(["demo", "--exit"]);
    const code = await new Promise((done) => p.once("exit", done));
    if (code !== 0) throw new Error(`loading the year: exit ${code}\n${p.said}`);
    await shop.close();
    return data;
  } };
}

/** Runs every part on the year. */
export async function openYear() {
  const data = process.env.COMPTOIR_YEAR ?? (await loadYear().load());
  const shop = await openShop({ data });
  shop.run();
  await until("the API", () => fetch(`${shop.url}healthz`).then((r) => r.ok));
  await shop.level();
  return shop;
}
