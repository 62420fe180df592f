// The page on an object store, with its snapshots beside it and nothing else running.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, openPage, VIEWS } from "./lib/browser.mjs";
import { missing, openStore } from "./lib/objectstore.mjs";
import { openShop, stock, TODAY, until } from "./lib/shop.mjs";

let store;
let shop;
let parts;
let site;
let browser;
let page;

before(async () => {
  if (missing) return;
  store = await openStore();
  site = await store.bucket("shop");
  shop = await openShop({ flags: store.env });
  parts = shop.run();
  await until("the API", () => fetch(`${shop.url}healthz`).then((r) => r.ok));
  stock(shop);
  await shop.level();
  browser = await openBrowser();
  page = await openPage(browser);
});

after(async () => {
  await browser?.close();
  await shop?.close();
  store?.close();
});

const figures = () => page.locator(".metric .big").allInnerTexts();

test("nothing runs but the object store: the page shows the figures, in every view", { skip: missing }, async () => {
  await page.goto(shop.url);
  await page.settled();
  const served = await figures();
  assert.ok(served.length >= 3 && served[0] !== "£0");
  await shop.stop(parts);
  shop.do("publish", "s3://shop", "--with-page");
  await assert.rejects(fetch(shop.url), "something answers still");

  page = await openPage(browser);
  const asked = new Set();
  page.on("response", (r) => asked.add(`${r.status()} ${new URL(r.url()).pathname}`));
  await page.goto(`${site}index.html`);
  await page.settled();
  assert.deepEqual(await figures(), served);
  for (const search of Object.values(VIEWS)) {
    await page.goto(`${site}index.html${search}`);
    await page.settled();
    assert.equal(await page.locator("[role=alert]").count(), 0, search);
  }
  await page.goto(`${site}index.html?view=winners&window=all`);
  await page.settled();
  await page.locator(".list tbody tr a").first().click();
  await page.waitForURL(/view=product/);
  await page.settled();
  assert.equal(await page.locator(".empty").count(), 0, "a product's own page is empty");
  assert.deepEqual([...asked].filter((a) => !/^(200|304) /.test(a)), []);
  page.clean();
});

test("watched: a sale appears on the open page", { skip: missing }, async () => {
  parts = shop.run();
  const watching = shop.begin(["publish", "s3://shop", "--with-page", "--watch", "--every", "5s"]);
  await page.goto(`${site}index.html`);
  await page.becomes("live");
  const [before] = await figures();
  shop.sell(["699999", "30001", "Article 1", 1000, TODAY, "5.00", "12001"]);
  const sold = Date.now();
  await until("the sale", async () => (await page.poke(), (await figures())[0] !== before));
  console.log(`a sale was on the page ${((Date.now() - sold) / 1000).toFixed(1)} s after it was recorded`);
  await shop.stop(watching);
  await shop.stop(parts);
  page.clean();
});
