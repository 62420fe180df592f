// Each state of the page, brought about as it comes about in life: parts that are
// stopped, an API that is gone, answers that are not ours, a state that is older.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, openBrowser, openPage } from "./lib/browser.mjs";
import { openFront } from "./lib/front.mjs";
import { openShop, stock, TODAY, until } from "./lib/shop.mjs";

let shop;
let front;
let browser;
let page;
let api; // the process of the query API
let parts; // that of relay, broker and functions

before(async () => {
  shop = await openShop();
  parts = shop.run("relay", "broker", "functions");
  await until("the first parts", () => /running/.test(parts.said));
  api = shop.run("query");
  await until("the API", () => fetch(`${shop.url}healthz`).then((r) => r.ok));
  front = await openFront(shop.url, { source: "api", url: "../api", stale_after: 4, quiet_after: 600 });
  browser = await openBrowser();
  page = await openPage(browser);
});

after(async () => {
  await browser?.close();
  await front?.close();
  await shop?.close();
});

const pill = () => page.locator(".pill").innerText();
const banner = () => page.locator(".banner").first().innerText();
const profit = () => page.locator(".metric .big").first().innerText();

test("never computed: what would fill the page, and how", async () => {
  await page.goto(front.url);
  await page.becomes("never");
  assert.match(await banner(), /No figures have been computed yet[\s\S]*record or import/i);
  await accessible(page, "never");
  for (const view of ["winners", "risk", "clients", "status"]) {
    await page.goto(`${front.url}?view=${view}`);
    await page.settled();
    await accessible(page, `never, ${view}`);
    if (view !== "status") assert.ok((await page.locator(".empty").innerText()).length > 20, `${view} says nothing`);
  }
  await page.goto(front.url);
});

test("live: the first figures appear by themselves", async () => {
  stock(shop);
  await shop.level();
  await page.becomes("live");
  await page.settled();
  assert.match(await pill(), /Live\s+as of \d\d:\d\d/);
  await until("the first figures", async () => (await profit()) !== "£0");
  assert.equal(await page.locator(".banner").count(), 0);
});

test("quiet: nobody buys, and the pipeline is alive all the same", async () => {
  front.config = { ...front.config, quiet_after: 1 };
  await page.reload();
  await page.becomes("quiet");
  assert.equal(await page.locator(".banner").count(), 0);
  await page.goto(`${front.url}?view=status`);
  await until("the words for it", async () => /no entry since .* everything recorded is shown/.test(await page.locator(".lead").innerText()));
  await accessible(page, "quiet");
  front.config = { ...front.config, quiet_after: 600 };
  await page.goto(front.url);
  await page.becomes("live");
});

test("stale: relay and functions are stopped; since when and why is said, the figures stay", async () => {
  await page.settled();
  const was = await profit();
  await shop.stop(parts);
  await page.becomes("stale");
  assert.match(await banner(), /out of date: they were last right at \d\d:\d\d\s*The shop’s computer has not been heard from/);
  assert.equal(await profit(), was);
  await accessible(page, "stale");
  parts = shop.run("relay", "broker", "functions");
  await page.becomes("live");
  assert.equal(await page.locator(".banner").count(), 0);
});

test("offline: the API is stopped; the last known figures stay, and come back by themselves", async () => {
  const was = await profit();
  await page.waitForTimeout(1500); // until this device has kept what it shows
  await shop.stop(api);
  await page.becomes("offline");
  assert.match(await banner(), /cannot be reached now\s*These are the last known ones, of .*2\d{3}/);
  assert.equal(await profit(), was);
  await accessible(page, "offline");

  // Opened anew without the API: the figures are those that this device kept.
  await page.reload();
  await page.becomes("offline");
  assert.match(await banner(), /These are the last ones that this device has, of .*2\d{3}/);
  assert.equal(await profit(), was);

  // Another view was never opened on this device: its place is kept, and nothing spins for ever unexplained.
  await page.goto(`${front.url}?view=client&id=nobody`);
  await page.becomes("offline");
  assert.match(await banner(), /cannot be reached now/);
  await page.goto(front.url);

  api = shop.run("query");
  await page.becomes("live");
  assert.equal(await page.locator(".banner").count(), 0);
});

test("offline on a new device: nothing is made up, and the page keeps trying", async () => {
  front.mode = "gone";
  const fresh = await openPage(browser);
  await fresh.goto(front.url);
  await fresh.becomes("offline");
  assert.match(await fresh.locator(".banner").first().innerText(), /This device has none from before\. The page keeps trying/);
  await accessible(fresh, "offline without figures");
  front.mode = "through";
  await fresh.becomes("live");
  await fresh.settled();
  fresh.clean();
  await fresh.context().close();
});

test("an API that does not allow this page's address is one that cannot be reached, and is said at once", async () => {
  const had = front.config;
  front.config = { ...had, url: shop.url };
  const fresh = await openPage(browser);
  await fresh.goto(front.url);
  await fresh.locator(".fresh").waitFor(); // the settings were read
  front.config = had;
  await fresh.becomes("offline", 5_000);
  assert.match(await fresh.locator(".banner").first().innerText(), /cannot be reached now/);
  await fresh.context().close();
});

test("invalid: a hotel's log-in page, or JSON of something else, leaves the good figures", async () => {
  await page.settled();
  const was = await profit();
  for (const mode of ["rubbish", "shape"]) {
    front.mode = mode;
    await page.becomes("invalid");
    assert.match(await banner(), /not understood\s*The last good figures stay/);
    assert.equal(await profit(), was);
    if (mode === "shape") await accessible(page, "invalid");
    front.mode = "through";
    await page.becomes("live");
  }
});

test("older: an older state never replaces a newer one, unless the reader asks for it", async () => {
  await front.record("/v1/status", "/v1/overview");
  const old = await profit();
  shop.sell(["700100", "30007", "Article 7", 800, TODAY, "9.00", "12001"]);
  await shop.level();
  await until("the new profit", async () => {
    await page.poke();
    return (await profit()) !== old;
  });
  const newer = await profit();
  front.mode = "recorded";
  await page.becomes("older");
  assert.match(await banner(), /An older state answered\s*The newer figures stay/);
  assert.equal(await profit(), newer);
  await accessible(page, "older");
  await page.getByRole("button", { name: "Show the older ones" }).click();
  await until("the older profit", async () => (await profit()) === old);
  front.mode = "through";
  await until("the newer profit again", async () => {
    await page.poke();
    return (await profit()) === newer;
  });
});

test("entries that could not be applied are said on every view", async () => {
  // Another producer's event that no function can apply.
  const event = { specversion: "1.0", id: "019ac3f0-7a52-7cc3-98c4-dc0c0c07398f", source: "/tills/door", type: "comptoir.product.sold", subject: "T-1", time: "2011-12-09T12:50:00Z", datacontenttype: "application/json", partitionkey: "30001", revision: "1", data: { document_id: "T-1", date: TODAY, name: "Article 1", quantity: 1, net: 100, cost: null, currency: "JPY", last_sold_on: TODAY } };
  shop.do("send", shop.file("till", `${JSON.stringify(event)}\n`).replace(/$/, ""));
  await until("the dead letter", async () => (await shop.api("status")).dead_letters > 0);
  await until("the banner", async () => {
    await page.poke();
    return /kept aside and not counted/.test(await page.locator(".banners").innerText());
  });
  await page.goto(`${front.url}?view=status`);
  await until("the reason", async () => /dead-letters list/.test(await page.locator(".functions").innerText()));
  await accessible(page, "dead letters");
});

test("settings that are wrong are named, and nothing else is shown", async () => {
  front.config = { source: "database" };
  await page.goto(front.url);
  await until("the reason", async () => /config\.json: source must be/.test(await page.locator("[role=alert]").innerText()));
  await accessible(page, "not set up");
  page.clean();
});
