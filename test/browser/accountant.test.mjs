// What an accountant does in a day, in a real browser on the built command: by keys
// alone, in two languages, with double clicks, reloads and a process that is killed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, openAt, openBrowser, openPage } from "./lib/browser.mjs";
import { openShop, stock, until } from "./lib/shop.mjs";

let shop;
let browser;
let running;

before(async () => {
  shop = await openShop();
  running = shop.run();
  stock(shop);
  await until("the app", () => fetch(`${shop.desk}/sales/new`).then((r) => r.ok));
  await shop.level();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await shop?.close();
});

const open = (path, options) => openAt(browser, shop.desk + path, options);

const focusedName = (page) => page.evaluate(() => `${document.activeElement.name}:${document.activeElement.closest("[data-line]")?.dataset.line ?? ""}`);
const focus = (page, name) => until(`focus on ${name}`, async () => (await focusedName(page)) === name);
const proposal = (page) => page.locator('[role="option"]:visible').first();
/** What a reader sees of a part, on one line. */
const read = async (locator) => (await locator.innerText()).replace(/\s+/g, " ").trim();
const recorded = (page) => page.locator("[data-recorded]");
const sold = async (id) => (await shop.api(`product-winners/${id}`)).windows["7d"].units;
const invoices = async () => {
  const text = await (await fetch(`${shop.desk}/entries.csv?kind=invoice`)).text();
  return text.trim().split("\r\n").length - 1;
};

test("a sale by keys alone takes five seconds, and is in the manager's figures within one", async () => {
  const page = await open("/sales/new");
  await focus(page, "product:1");
  const before = await sold("30007");
  const began = Date.now();
  await page.keyboard.type("30007", { delay: 40 });
  await proposal(page).waitFor();
  await page.keyboard.press("Enter");
  await focus(page, "quantity:1");
  assert.equal(await page.locator("#price-1").inputValue(), "6.50");
  await page.keyboard.type("3", { delay: 40 });
  await page.keyboard.press("Enter");
  await focus(page, "product:2");
  await page.keyboard.type("article 12", { delay: 40 });
  await proposal(page).waitFor();
  await page.keyboard.press("Enter");
  await focus(page, "quantity:2");
  await until("the total as it is typed", async () => (await page.locator("[data-total]").innerText()) === "£26.00");
  const pressed = Date.now();
  await page.keyboard.press("Control+Enter");
  const counted = until("the sale in the figures", async () => (await sold("30007")) === before + 3);
  await recorded(page).waitFor();
  const typed = Date.now() - began;
  await counted;
  const reached = Date.now() - pressed;
  console.log(`  a sale of two lines by keys: ${typed} ms; from the key that records it to the manager's answer: ${reached} ms`);
  assert.match(await read(recorded(page)), /INV-\d{6} is recorded\. £26\.00/);
  assert.ok(typed < 10_000, `the sale took ${typed} ms`);
  assert.ok(reached < 5_000, `it took ${reached} ms to the manager's answer`);
  await focus(page, "product:1"); // ready for the next one
  for (const step of ["recorded", "published", "product-winners", "loss-risk"]) await page.locator(`[data-step="${step}"][data-state="done"]`).waitFor();
  assert.match(await read(page.locator('[data-step="product-winners"]')), /Counted in Winners done after \d+\.\d\d s/);
  await page.done();
});

test("an entry shows where each of its events is on Kafka", async () => {
  const page = await open("/entries?kind=invoice");
  await page.locator(".list tbody a").first().click();
  await page.getByText("Its events on Kafka").first().click();
  const cells = await until("the offsets", async () => {
    await page.reload();
    await page.getByText("Its events on Kafka").first().click();
    const rows = await page.locator("details tbody tr").evaluateAll((all) => all.map((tr) => [...tr.children].map((td) => td.textContent)));
    return rows.length > 0 && rows.every((r) => /^[\d,]+$/.test(r[4])) && rows;
  });
  assert.ok(cells.some(([event, key, stream]) => event === "product.sold" && key === "30007" && /^sales\/\d$/.test(stream)), JSON.stringify(cells));
  await page.done();
});

test("a wrong form says so at its fields, takes the focus there and keeps what was typed", async () => {
  const page = await open("/sales/new");
  await page.locator("#product-1").fill("no such thing");
  await page.locator("#quantity-1").fill("two");
  await page.keyboard.press("Control+Enter");
  await until("focus on what is wrong", () => page.evaluate(() => document.activeElement.id === "faults"));
  assert.equal(await page.locator("#quantity-1").inputValue(), "two");
  assert.match(await page.locator("#quantity-1-fault").innerText(), /“two” is not a number/);
  assert.equal(await page.locator("#quantity-1").getAttribute("aria-invalid"), "true");
  await accessible(page, "a form with faults");
  await page.getByRole("link", { name: /“two”/ }).click();
  assert.equal(await focusedName(page), "quantity:1");
  await page.keyboard.type("2");
  await page.locator("#quantity-1").fill("2");
  await until("the fault to go once it is repaired", async () => !(await page.locator("#quantity-1-fault").isVisible()));
  await page.done();
});

test("warnings do not keep anybody from recording; a date that lies ahead is confirmed first", async () => {
  const page = await open("/sales/new");
  await page.locator("#product-1").fill("30009");
  await page.locator("#price-1").fill("0.50");
  await page.locator("#quantity-1").fill("900");
  await page.locator("#date").fill("2011-12-10");
  await page.locator("#future").waitFor({ state: "visible" });
  await page.locator("#future").check();
  await until("the warnings", async () => /below the minimum of 90%[\s\S]*The stock goes to −/.test(await page.locator("[data-warnings]").innerText()));
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  assert.match(await read(recorded(page)), /is recorded\. £450\.00/);
  await page.done();
});

test("a return against an invoice, then a void, are in the figures", async () => {
  const page = await open("/sales/new");
  const before = await sold("30014");
  await page.locator("#product-1").fill("30014");
  await page.locator("#quantity-1").fill("5");
  await page.keyboard.press("Control+Enter");
  await recorded(page).getByRole("link", { name: "Open" }).click();
  await page.getByRole("link", { name: "Take a return" }).click();
  await page.getByLabel("Comes back: 30014").fill("6");
  await page.keyboard.press("Control+Enter");
  await until("what is wrong", async () => /at most what is left/.test(await page.locator("#faults").innerText()));
  await page.getByLabel("Comes back: 30014").fill("2");
  await page.getByLabel("Back on the shelf: 30014").selectOption("no");
  await page.keyboard.press("Control+Enter");
  await until("the credit note", async () => /CN-\d{6}/.test(await page.locator("h1").innerText()));
  await until("the return in the figures", async () => (await sold("30014")) === before + 3);
  await page.getByRole("link", { name: "Void it" }).click();
  await focus(page, "reason:");
  await page.keyboard.press("Control+Enter");
  await until("that a reason is asked for", async () => /A void says why/.test(await page.locator("#reason-fault").innerText()));
  await page.locator("#reason").fill("the customer kept it");
  await page.keyboard.press("Control+Enter");
  await until("the void", async () => /Void of CN-/.test(await page.locator("h1").innerText()));
  await until("the void in the figures", async () => (await sold("30014")) === before + 5);
  await page.done();
});

test("a double click, a second sending and the way back record one sale", async () => {
  const page = await open("/sales/new");
  const before = await invoices();
  await page.locator("#product-1").fill("30020");
  await page.locator("#quantity-1").fill("1");
  await page.getByRole("button", { name: "Record the sale" }).dblclick();
  await recorded(page).waitFor();
  assert.equal(await invoices(), before + 1);
  await page.goBack();
  await page.goForward();
  await recorded(page).waitFor();
  assert.equal(await page.locator("#product-1").inputValue(), "", "what was recorded is offered again");
  // A browser that sends a form again, whatever the page's script thinks of it.
  const again = await page.evaluate(async () => {
    const body = new URLSearchParams({ key: "the-same-form", date: "2011-12-09", product: "30020", quantity: "1" });
    const answers = await Promise.all([1, 2, 3].map(() => fetch("/sales/new", { method: "POST", body }).then((r) => r.text())));
    return answers.filter((text) => text.includes("was recorded before")).length;
  });
  assert.equal(again, 2);
  assert.equal(await invoices(), before + 2);
  await page.done();
});

test("what is typed survives a reload and a process that is killed, and is recorded once", async () => {
  const page = await open("/sales/new");
  await page.locator("#product-1").fill("30021");
  await page.locator("#quantity-1").fill("4");
  await page.keyboard.press("Enter");
  await focus(page, "product:2");
  await page.keyboard.type("30022");
  await proposal(page).waitFor();
  await page.keyboard.press("Enter");
  await focus(page, "quantity:2");
  await page.locator("#client").fill("12003");
  await page.waitForTimeout(400);
  const typed = () => page.locator("#quantity-1, #product-2, #client").evaluateAll((all) => all.map((e) => e.value).join(" "));
  const before = await typed();
  const key = await page.locator('[name="key"]').inputValue();
  await page.reload();
  await until("what was typed", async () => (await typed()) === before);
  assert.match(await page.locator("[data-restored]").innerText(), /What you had typed is back/);
  running.kill("SIGKILL");
  await running.ended;
  running = shop.run();
  await until("the app again", () => fetch(`${shop.desk}/sales/new`).then((r) => r.ok));
  await page.reload();
  await until("what was typed", async () => (await typed()) === before);
  assert.equal(await page.locator('[name="key"]').inputValue(), key, "a restored form is another form");
  const had = await invoices();
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  assert.equal(await invoices(), had + 1);
  await page.goto(`${shop.desk}/sales/new`);
  assert.equal(await page.locator("#product-1").inputValue(), "", "a draft that was recorded is still there");
  await page.done();
});

test("in French: its numbers, its words, its files", async () => {
  const page = await open("/sales/new", { locale: "fr-FR" });
  await page.locator("#product-1").fill("théière");
  await proposal(page).waitFor();
  await page.keyboard.press("Enter");
  await focus(page, "quantity:1");
  await page.locator("#quantity-1").fill("1 234,5");
  await page.locator("#price-1").fill("2,50");
  await until("the total", async () => (await page.locator("[data-total]").innerText()).replace(/[\u202f\u00a0]/g, " ") === "3 086,25 £");
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  assert.match(await read(recorded(page)), /est enregistré/);
  const csv = await page.evaluate(() => fetch("/entries.csv?kind=invoice", { headers: { "Accept-Language": "fr" } }).then((r) => r.arrayBuffer()).then((b) => [...new Uint8Array(b.slice(0, 3)), new TextDecoder().decode(b)]));
  assert.deepEqual(csv.slice(0, 3), [0xef, 0xbb, 0xbf]);
  assert.match(csv[3], /;3086,25;/);
  await page.getByLabel("Langue").selectOption("en");
  await until("English", async () => (await page.locator("h1").innerText()) === "New sale");
  await page.reload();
  assert.equal(await page.locator("h1").innerText(), "New sale");
  await page.done();
});

test("keys: the sheet, the pages, the proposals as a screen reader hears them", async () => {
  const page = await open("/entries");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await accessible(page, "the keys");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.waitForURL(/sales\/new/);
  await page.keyboard.type("article 2");
  const field = page.getByRole("combobox", { name: "Product" }).first();
  await proposal(page).waitFor();
  const heard = () => field.evaluate((e) => [e.ariaExpanded, document.getElementById(e.getAttribute("aria-activedescendant"))?.ariaSelected, document.getElementById(e.getAttribute("aria-controls"))?.role]);
  assert.deepEqual(await heard(), ["true", "true", "listbox"]);
  const active = () => field.getAttribute("aria-activedescendant");
  const first = await active();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await active(), first);
  await accessible(page, "proposals");
  await page.keyboard.press("Escape");
  assert.equal(await field.evaluate((e) => e.ariaExpanded), "false");
  for (let i = 0; i < 30; i++) {
    await page.keyboard.press("Tab");
    const ring = await page.evaluate(() => document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== "none");
    assert.ok(ring, `no focus ring on ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120))}`);
  }
  await page.done();
});

test("without a script the same forms record the same", async () => {
  const page = await open("/sales/new", { javaScriptEnabled: false });
  await page.locator("#product-1").fill("Article 30");
  await page.getByRole("button", { name: "Three more lines" }).click();
  await page.locator("#product-2").fill("30031");
  await page.locator("#quantity-2").fill("2");
  await page.getByRole("button", { name: "Work out" }).click();
  assert.match(await page.locator(".sum").innerText(), /Total\s+£\d+\.\d\d/);
  await page.getByRole("button", { name: "Record the sale" }).click();
  assert.match(await read(recorded(page)), /INV-\d{6} is recorded/);
  await page.done();
});

test("goods come in, are counted, and leave the list when they are archived", async () => {
  const page = await open("/product");
  await page.locator("#id").fill("NEW-1");
  await page.locator("#name").fill("Brand new");
  await page.locator("#sell_price").fill("9.95");
  await page.locator("#barcode").fill("3017620422003");
  await page.keyboard.press("Control+Enter");
  await until("the product in the list", async () => /NEW-1 is saved/.test(await page.locator("main").innerText()));
  await page.goto(`${shop.desk}/receipts/new`);
  await page.keyboard.type("3017620422003");
  await page.keyboard.press("Enter"); // as a scanner does, before anything is proposed
  await until("the product that the barcode means", async () => (await page.locator("#product").inputValue()) === "NEW-1");
  await page.locator("#quantity").fill("20");
  await page.locator("#unit_cost").fill("4");
  await page.locator("#expiry_date").fill("2011-12-12");
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  await until("the lot among what may be lost", async () => (await shop.api("loss-risk/NEW-1")).items?.length > 0 || JSON.stringify(await shop.api("loss-risk/NEW-1")).includes("EXPIRING"));
  await page.goto(`${shop.desk}/counts/new?product=NEW-1`);
  await page.locator("#on_hand-1").fill("18");
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  await page.goto(`${shop.desk}/product?id=NEW-1`);
  assert.match(await page.locator("main").innerText(), /18 on the shelf/);
  await page.locator("#archived").check();
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/saved=NEW-1/);
  await page.goto(`${shop.desk}/products?q=brand`);
  assert.match(await page.locator("main").innerText(), /No product is like that/);
  await page.done();
});

const VIEWS = {
  sale: "/sales/new",
  "free return": "/returns/new",
  receipt: "/receipts/new",
  "count, first step": "/counts/new",
  count: "/counts/new?product=30005",
  entries: "/entries",
  "entries, searched": "/entries?kind=invoice&client=12003&from=2011-01-01",
  "nothing found": "/entries?q=no+such+thing",
  products: "/products",
  product: "/product?id=30005",
  "new product": "/product",
  clients: "/clients",
  client: "/client?id=12003",
  settings: "/settings",
  "no such page": "/nothing",
};

// axe takes a second a view; in the second look it sees one view of each kind.
const LOOKS = [
  { name: "English, light, 1280", locale: "en-GB", colorScheme: "light", width: 1280, axe: () => true },
  { name: "French, dark, 360", locale: "fr-FR", colorScheme: "dark", width: 360, axe: (view) => ["sale", "count", "entries", "entry", "return", "product", "settings"].includes(view) },
  { name: "French, light, 1920", locale: "fr-FR", colorScheme: "light", width: 1920 },
];

for (const look of LOOKS) {
  test(`every view is whole: ${look.name}`, async () => {
    const page = await openPage(browser, { ...look, viewport: { width: look.width, height: 900 } });
    await page.goto(`${shop.desk}/entries?kind=invoice`);
    const entry = await page.locator(".list tbody a").first().getAttribute("href");
    const all = { ...VIEWS, entry, invoice: `${entry}/print`, void: `${entry}/void`, return: `${entry}/return` };
    for (const [view, path] of Object.entries(all)) {
      await page.goto(shop.desk + path);
      assert.equal(await page.evaluate(() => document.documentElement.lang), look.locale.slice(0, 2));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${view} is ${wide} px wider than ${look.width}`);
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll("main input:not([type=hidden]), main select, main button, main a, main td, main h1")]
          .filter((e) => e.offsetParent !== null && !e.closest(".scroll, .sr") && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
          .map((e) => e.outerHTML.slice(0, 100)),
      );
      assert.deepEqual(cut, [], `${view}: cut off at ${look.width}`);
      const text = await page.locator("main").innerText();
      assert.ok(!/undefined|NaN|\[object|%!|<no value>/.test(text), `${view}: ${text.slice(0, 400)}`);
      if (look.axe?.(view)) await accessible(page, `${view}, ${look.name}`);
    }
    await page.done();
  });
}

test("an invoice prints on one page of A4, without controls", async () => {
  const page = await open("/entries?kind=invoice");
  const entry = await page.locator(".list tbody a").first().getAttribute("href");
  await page.goto(`${shop.desk}${entry}/print`);
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
  assert.equal(pdf.match(/\/Type \/Page\b/g)?.length, 1);
  assert.match(pdf, /\/MediaBox \[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]/);
  await page.emulateMedia({ media: "print" });
  assert.ok(!(await page.locator(".side").isVisible()) && !(await page.locator(".screen").isVisible()));
  await page.done();
});

test("with everything else down an entry is safe, and the page says so; later it is counted", async () => {
  await shop.stop(running);
  running = shop.run("accountant");
  await until("the app alone", () => fetch(`${shop.desk}/sales/new`).then((r) => r.ok));
  const page = await open("/sales/new");
  await page.locator("#product-1").fill("30040");
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  for (const step of ["published", "product-winners"]) assert.equal(await page.locator(`[data-step="${step}"]`).getAttribute("data-state"), "waiting", step);
  await until("that it is safe", async () => /It is safe in the ledger\. It is not on Kafka yet/.test(await page.locator("[data-note]").innerText()));
  const rest = shop.run("relay", "broker", "functions", "query");
  await page.locator('[data-step="product-winners"][data-state="done"]').waitFor({ timeout: 60_000 });
  await until("the word that it is counted", async () => /have it/.test(await page.locator("[data-counted]").innerText()));
  assert.equal(await page.locator('[data-step="published"]').getAttribute("data-state"), "done");
  await shop.stop(rest);
  await page.done();
});
