// Every view on the real year: both languages, three widths, light and dark, keyboard,
// paper, and the same figures from snapshots as from the API.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, openBrowser, openPage, VIEWS } from "./lib/browser.mjs";
import { openFront } from "./lib/front.mjs";
import { until } from "./lib/shop.mjs";
import { snapshot } from "./lib/snapshots.mjs";
import { openYear } from "./lib/year.mjs";

const PRODUCT = "22423";
const CLIENT = "14646";
const ALL = { ...VIEWS, product: `?view=product&id=${PRODUCT}`, client: `?view=client&id=${CLIENT}` };

let shop;
let browser;

before(async () => {
  shop = await openYear();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await shop?.close();
});

async function visit(page, query) {
  await page.goto(shop.url + query);
  await page.settled();
}

const LOOKS = [
  { name: "English, light, 1280", locale: "en-GB", colorScheme: "light", width: 1280, axe: true },
  { name: "French, dark, 360", locale: "fr-FR", colorScheme: "dark", width: 360, axe: true },
  { name: "French, light, 1920", locale: "fr-FR", colorScheme: "light", width: 1920 },
  { name: "English, dark, more contrast, 1920", locale: "en-US", colorScheme: "dark", contrast: "more", width: 1920 },
  { name: "French, dark, forced colours, 3840", locale: "fr-FR", colorScheme: "dark", forcedColors: "active", width: 3840 },
];

for (const look of LOOKS) {
  test(`every view is whole: ${look.name}`, async () => {
    const page = await openPage(browser, { ...look, viewport: { width: look.width, height: 900 } });
    for (const [view, query] of Object.entries(ALL)) {
      await visit(page, query);
      assert.equal(await page.evaluate(() => document.documentElement.lang), look.locale.slice(0, 2));
      const wide = await page.evaluate(() => {
        const cut = [...document.querySelectorAll(".table, .metrics, .figures, h1, h2, .choices")].filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "auto");
        return [document.documentElement.scrollWidth - innerWidth, ...cut.map((e) => e.className || e.textContent)];
      });
      assert.ok(wide[0] <= 0 && wide.length === 1, `${view} is wider than ${look.width}: ${wide}`);
      const text = await page.locator("main").innerText();
      assert.ok(!/undefined|NaN|\[object|Invalid/.test(text), `${view}: ${text.slice(0, 400)}`);
      if (look.axe) await accessible(page, `${view}, ${look.name}`);
    }
    page.clean();
    await page.context().close();
  });
}

test("the page shows what the API says", async () => {
  const page = await openPage(browser);
  const { windows, loss_risk, clients } = await shop.api("overview");
  await visit(page, "?window=7d");
  const pounds = (minor, digits = 2) => new Intl.NumberFormat("en-GB", { style: "currency", currency: "GBP", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(minor / 100);
  assert.deepEqual(await page.locator(".metric .big").allInnerTexts(), [pounds(windows["7d"].profit, 0), pounds(windows["7d"].revenue, 0), Math.round(windows["7d"].units).toLocaleString("en-GB"), `${(windows["7d"].margin / 100).toFixed(1)}%`]);
  assert.ok((await page.locator(".answers").innerText()).includes(pounds(loss_risk.value_at_risk, 0)));
  assert.ok((await page.locator(".answers").innerText()).includes(clients.eligible.toLocaleString("en-GB")));
  const { items, sums, total } = await shop.api("loss-risk?flag=EXPIRED&sort=days_left&order=desc&limit=50");
  await visit(page, "?view=risk&flag=EXPIRED&sort=days_left&order=desc");
  assert.deepEqual(await page.locator(".list tbody tr td:first-child a").allInnerTexts(), items.map((l) => l.name.replace(/ +/g, " ")));
  assert.ok((await page.locator(".list tfoot").innerText()).includes(pounds(sums.value_at_risk).slice(1)));
  assert.ok((await page.locator(".pager").innerText()).includes(`1–50 of ${total.toLocaleString("en-GB")}`));
  page.clean();
  await page.context().close();
});

test("a list is searched, filtered, sorted and paged by its address, forth and back", async () => {
  const page = await openPage(browser);
  await visit(page, "?view=winners");
  await page.getByRole("searchbox").fill("cakestand");
  await page.waitForURL(/q=cakestand/);
  await page.settled();
  const names = () => page.locator(".list tbody tr td.main a").allInnerTexts();
  assert.ok((await names()).every((n) => /cakestand/i.test(n)));
  await page.getByRole("link", { name: "Revenue, £" }).click();
  await page.waitForURL(/sort=revenue/);
  await page.settled();
  assert.equal(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");
  await page.goBack();
  await page.settled();
  assert.match(page.url(), /q=cakestand$/);
  assert.equal(await page.getByRole("searchbox").inputValue(), "cakestand");
  await page.getByRole("searchbox").fill("no such thing");
  await until("the empty list", async () => /Nothing matches/.test(await page.locator(".empty").innerText()));
  await page.getByRole("link", { name: "Clear filters" }).click();
  await page.settled();
  await page.getByRole("link", { name: "Next" }).click();
  await page.waitForURL(/page=2/);
  await page.settled();
  assert.match(await page.locator(".pager").innerText(), /51–100 of/);
  page.clean();
  await page.context().close();
});

test("everything by keyboard: to a view, to an order, into a product and back", async () => {
  const page = await openPage(browser);
  await visit(page, "");
  const press = async (key, times = 1) => {
    for (let i = 0; i < times; i++) await page.keyboard.press(key);
  };
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  const tabTo = async (what) => {
    for (let i = 0; i < 80; i++) {
      if (what.test(await focused())) return;
      await press("Tab");
      const ring = await page.evaluate(() => {
        const s = getComputedStyle(document.activeElement);
        return document.activeElement === document.body || s.outlineStyle !== "none";
      });
      assert.ok(ring, `no focus ring on ${await focused()}`);
    }
    assert.fail(`no Tab leads to ${what}`);
  };
  await press("Tab");
  assert.equal(await focused(), "Skip to the figures");
  await tabTo(/^Winners$/);
  await press("Enter");
  await page.waitForURL(/view=winners/);
  await page.settled();
  await until("focus on the title", async () => (await focused()) === "Winners");
  await tabTo(/^Margin$/);
  await press("Enter");
  await page.waitForURL(/sort=margin/);
  await page.settled();
  assert.match(await focused(), /^Margin/);
  const first = await page.locator(".list tbody tr td.main a").first().innerText();
  await tabTo(new RegExp(`^${first.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`));
  await press("Enter");
  await page.waitForURL(/view=product/);
  await page.settled();
  assert.equal(await page.locator("h1").innerText(), first);
  await page.goBack();
  await page.waitForURL(/view=winners/);
  page.clean();
  await page.context().close();
});

test("language and theme are chosen by hand, and kept", async () => {
  const page = await openPage(browser);
  await visit(page, "");
  await page.getByLabel("Language").selectOption("fr");
  await until("French", async () => (await page.locator("h1").innerText()) === "Vue d’ensemble");
  assert.equal(await page.title(), "Vue d’ensemble · Comptoir");
  await page.getByLabel("Thème").selectOption("dark");
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await until("dark", async () => (await background()) === "rgb(13, 16, 23)");
  await page.reload();
  await page.settled();
  assert.equal(await page.locator("h1").innerText(), "Vue d’ensemble");
  assert.equal(await background(), "rgb(13, 16, 23)");
  page.clean();
  await page.context().close();
});

test("every view prints on A4: no controls, nothing cut off", async () => {
  const page = await openPage(browser);
  for (const [view, query] of Object.entries(ALL)) {
    await visit(page, query);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    const text = pdf.toString("latin1");
    const pages = text.match(/\/Type \/Page\b/g)?.length ?? 0;
    assert.ok(pages >= 1 && pages <= 4, `${view} takes ${pages} pages`);
    assert.match(text, /\/MediaBox \[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]/, `${view} is not A4`);
    await page.setViewportSize({ width: 703, height: 1000 }); // 186 mm
    await page.emulateMedia({ media: "print" });
    const paper = await page.evaluate(() => [document.documentElement.scrollWidth, getComputedStyle(document.querySelector(".side")).display, getComputedStyle(document.querySelector(".display")).display]);
    assert.deepEqual([paper[0] <= 703, paper[1], paper[2]], [true, "none", "none"], `${view} on paper: ${paper}`);
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize({ width: 1280, height: 768 });
  }
  page.clean();
  await page.context().close();
});

test("snapshots on a file server show the same as the API, below any path", async () => {
  const folder = mkdtempSync(join(tmpdir(), "comptoir-snapshots-"));
  const data = join(folder, "data");
  await snapshot(shop, data, [PRODUCT, "85123A"]);
  const front = await openFront(shop.url, { source: "snapshots", url: "data" }, { data });
  const both = await Promise.all([openPage(browser), openPage(browser)]);
  const queries = [
    ...Object.values(ALL),
    "?view=winners&window=7d&sort=name&order=desc&page=2",
    "?view=winners&window=all&all=true&q=set+tea&sort=profit_change",
    "?view=winners&below_minimum=true&all=true&sort=margin&order=asc",
    "?view=winners&all=true&sort=rank&page=60",
    "?view=risk&flag=EXPIRING&sort=lost_profit&order=asc",
    "?view=risk&sort=risk&page=3",
    "?view=risk&all=true&category=gift&sort=days_held&order=asc",
    "?view=clients&moved=gained&sort=eligible_since",
    "?view=clients&eligible=false&sort=progress&tier=standard",
    "?view=clients&moved=lost&q=1",
  ];
  for (const query of queries) {
    const [api, files] = await Promise.all(
      both.map(async (page, i) => {
        await page.goto((i ? front.url : shop.url) + query);
        await page.settled();
        return page.locator("main").innerText();
      }),
    );
    if (query === "?view=status") continue; // tells times, and when it was published
    assert.equal(files, api, query);
  }
  assert.match(both[1].url(), /\/bucket\/page\/index\.html\?/);
  writeFileSync(join(data, "index.json"), "{");
  await both[1].becomes("invalid");
  for (const page of both) {
    page.clean();
    await page.context().close();
  }
  await front.close();
  rmSync(folder, { recursive: true });
});
