// A sale that is recorded in the ledger appears on the open page, and disturbs nobody.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { openBrowser, openPage } from "./lib/browser.mjs";
import { openShop, stock, TODAY, until } from "./lib/shop.mjs";

let shop;
let browser;

before(async () => {
  shop = await openShop();
  shop.do("import", "--profile", "online-retail", shop.file("catalogue", "product_id,name,category,buy_price,sell_price,min_margin_pct\nX,X,x,1.00,2.00,20\n"));
  shop.run();
  stock(shop);
  await shop.level();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await shop?.close();
});

const firstRow = (page) => page.locator(".list tbody tr").first();

test("a sale moves its product up without a reload, and focus, selection and scroll stay", async () => {
  const page = await openPage(browser);
  await page.goto(`${shop.url}?view=winners`);
  await page.settled();
  await page.evaluate(() => {
    window.untouched = true;
  });
  const link = page.locator(".list tbody tr").nth(7).locator("a");
  const name = await link.textContent();
  const id = (await link.getAttribute("href")).split("id=")[1];
  await link.focus();
  await page.evaluate(() => {
    const cell = document.querySelectorAll(".list tbody tr")[9].querySelector("td.main small");
    getSelection().selectAllChildren(cell);
  });
  const selected = await page.evaluate(() => String(getSelection()));
  const scrolled = await page.evaluate(() => scrollY);
  const started = Date.now();
  shop.sell(["700000", id, name, 900, TODAY, "9.50", "12001"]);
  await until(`${name} to be first`, async () => (await firstRow(page).locator("a").textContent()) === name);
  console.log(`a sale was on the page ${Date.now() - started} ms after its import began`);
  assert.equal(await page.evaluate(() => window.untouched), true, "the page was loaded again");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), name);
  assert.equal(await page.evaluate(() => String(getSelection())), selected);
  assert.equal(await page.evaluate(() => scrollY), scrolled);
  await until("the change to be announced", async () => /updated at/.test(await page.locator("p[role=status]").textContent()));
  page.clean();
  await page.context().close();
});

test("a paused page asks nothing and changes nothing, until it goes on", async () => {
  const page = await openPage(browser);
  await page.goto(shop.url);
  await page.settled();
  const profit = () => page.locator(".metric .big").first().textContent();
  const was = await profit();
  await page.getByRole("button", { name: "Pause updates" }).first().click();
  await page.becomes("paused");
  let asked = 0;
  page.on("request", () => asked++);
  shop.sell(["700001", "30005", "Article 5", 500, TODAY, "9.50", "12001"]);
  await shop.level();
  await page.waitForTimeout(6000);
  assert.equal(asked, 0);
  assert.equal(await profit(), was);
  await page.getByRole("button", { name: "Resume updates" }).click();
  await until("the new profit", async () => (await profit()) !== was);
  page.clean();
  await page.context().close();
});

test("a hidden page asks nothing, and is up to date as soon as it is seen", async () => {
  const page = await openPage(browser);
  await page.goto(shop.url);
  await page.settled();
  const show = (state) =>
    page.evaluate((s) => {
      Object.defineProperty(document, "visibilityState", { value: s, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await page.waitForTimeout(500); // what was under way
  await show("hidden");
  let asked = 0;
  page.on("request", () => asked++);
  await page.waitForTimeout(6000);
  assert.equal(asked, 0);
  await show("visible");
  await until("a request", () => asked > 0, 1000);
  page.clean();
  await page.context().close();
});

test("a list is a file that a French Excel opens right", async () => {
  const page = await openPage(browser, { locale: "fr-FR", acceptDownloads: true });
  await page.goto(`${shop.url}?view=winners&all=true`);
  await page.settled();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  assert.equal(download.suggestedFilename(), `product-winners-30d-${TODAY}.csv`);
  const bytes = readFileSync(await download.path());
  assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  const text = bytes.toString("utf8").slice(1);
  assert.ok(text.endsWith("\r\n") && !/[^\r]\n/.test(text));
  const lines = text.trimEnd().split("\r\n");
  const { total, sums } = await shop.api("product-winners?all=true&limit=1");
  assert.equal(lines.length, total + 1);
  assert.match(lines[0], /^Rang;Article;Id;Catégorie;Classe;Bénéfice \(GBP\);Chiffre d’affaires \(GBP\);/);
  const row = (start) => lines.find((l) => l.includes(start));
  assert.match(row("HYPERLINK"), /;"'=HYPERLINK\(""http:\/\/evil\.example""\)";30003;/);
  assert.match(row("Théière"), /;"Théière ; émaillée";30004;tea;/);
  // Every amount is a number with a comma, and together they are what the API adds up.
  const profits = lines.slice(1).map((l) => l.match(/;(3\d{4}|X);[^;]*;[^;]*;(-?\d+,\d\d);/)[2]);
  const cents = profits.reduce((n, p) => n + Math.round(Number(p.replace(",", ".")) * 100), 0);
  assert.equal(cents, sums.profit);
  page.clean();
  await page.context().close();
});
