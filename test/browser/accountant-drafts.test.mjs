// What is typed and not yet recorded: in one tab and in two, through reloads, lost answers,
// another language and a hasty hand, nothing of it is lost and nothing is recorded for another.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, openAt, openBrowser } from "./lib/browser.mjs";
import { openShop, stock, until } from "./lib/shop.mjs";

let shop;
let browser;
let running;

before(async () => {
  shop = await openShop();
  stock(shop);
  running = shop.run("accountant");
  await until("the app", () => fetch(`${shop.desk}/sales/new`).then((r) => r.ok));
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await shop?.close();
});

const open = (path, options) => openAt(browser, shop.desk + path, options);
/** Another tab of the same browser. */
async function tab(page, path) {
  const other = await page.context().newPage();
  await other.goto(shop.desk + path);
  return other;
}
const recorded = (page) => page.locator("[data-recorded]");
const said = async (page) => (await recorded(page).innerText()).replace(/\s+/g, " ");
const key = (page) => page.locator('main [name="key"]').inputValue();
const value = (page, id) => page.locator(`#${id}`).inputValue();
const has = (page, id, wanted) => until(`${wanted} in ${id}`, async () => (await value(page, id)) === wanted);
const kept = (page) => page.evaluate(() => Object.keys(localStorage).filter((k) => k.startsWith("comptoir.draft.")).length);
const total = (page) => page.locator("[data-total]").innerText();
const totals = (page, wanted) => until(`the total ${wanted}`, async () => (await total(page)) === wanted);
const invoices = async () => (await (await fetch(`${shop.desk}/entries.csv?kind=invoice`)).text()).trim().split("\r\n").length - 1;

async function type(page, product, quantity) {
  await page.locator("#product-1").fill(product);
  await page.locator("#quantity-1").fill(quantity);
  await until("the draft", async () => page.evaluate(([p, q]) => Object.values(localStorage).some((d) => d.includes(`["product","${p}"]`) && d.includes(`["quantity","${q}"]`)), [product, quantity]));
}

// Browsers have Web Locks on this machine's own address and behind TLS; elsewhere the tabs ask one another.
for (const locks of [true, false]) {
  test(`two tabs have a sale each, both are recorded, ${locks ? "by locks" : "without locks"}`, async () => {
    const page = await open("/settings");
    if (!locks) await page.context().addInitScript(() => delete Navigator.prototype.locks);
    await page.goto(`${shop.desk}/sales/new`);
    assert.equal(await page.evaluate(() => "locks" in navigator), locks);
    const had = await invoices();
    await type(page, "30010", "2");
    const second = await tab(page, "/sales/new");
    await second.waitForTimeout(400);
    assert.equal(await value(second, "product-1"), "", "the sale of another open tab came up");
    assert.notEqual(await key(second), await key(page));
    await type(second, "30011", "3");
    // Each tab has its own again after a reload.
    await second.reload();
    await has(second, "product-1", "30011");
    await page.reload();
    await has(page, "product-1", "30010");
    await page.keyboard.press("Control+Enter");
    await recorded(page).waitFor();
    await second.keyboard.press("Control+Enter");
    await recorded(second).waitFor();
    assert.match(await said(second), /INV-\d+ is recorded/);
    assert.equal(await invoices(), had + 2);
    assert.equal(await kept(page), 0, "drafts of what is recorded are left");
    // What a tab leaves behind when it is closed comes up in the next one.
    await type(second, "30012", "4");
    await second.close();
    const third = await tab(page, "/sales/new");
    await has(third, "product-1", "30012");
    await page.done();
  });
}

test("a form under a key that another sale took comes back as it was typed, and can be recorded", async () => {
  const page = await open("/sales/new");
  await type(page, "30013", "2");
  const taken = await page.evaluate(async () => {
    const body = new URLSearchParams({ key: document.querySelector('main [name="key"]').value, date: "2011-12-09", product: "30014", quantity: "1" });
    return (await (await fetch("/sales/new", { method: "POST", body })).text()).match(/INV-\d+/)[0];
  });
  const had = await invoices();
  const before = await key(page);
  await page.keyboard.press("Control+Enter");
  await until("what is said of it", async () => (await page.locator("#faults").innerText()).includes(`${taken} is recorded already`));
  assert.match(await page.locator("#faults").innerText(), /differs from it and is not recorded yet/);
  await accessible(page, "a form under a taken key");
  assert.equal(await value(page, "product-1"), "30013");
  assert.notEqual(await key(page), before);
  await totals(page, "£15.00"); // the preview answers, and the sentence stays
  assert.ok(await page.locator("#faults").isVisible());
  assert.equal(await kept(page), 1);
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  assert.equal(await invoices(), had + 1);
  assert.equal(await kept(page), 0);
  await page.done();
});

test("what is recorded takes its own draft away and no other", async () => {
  const page = await open("/sales/new");
  await type(page, "30015", "2");
  // The answer to it is lost: it was sent, and nobody knows whether it is recorded.
  await page.route("**/sales/new", (route) => (route.request().method() === "POST" ? route.fulfill({ status: 204 }) : route.continue()));
  const lost = page.waitForResponse((r) => r.status() === 204);
  await page.keyboard.press("Control+Enter");
  await lost;
  await page.goto(`${shop.desk}/receipts/new`);
  await page.locator("#product").fill("30016");
  await page.locator("#quantity").fill("1");
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  await page.unroute("**/sales/new");
  await page.goto(`${shop.desk}/sales/new`);
  await has(page, "product-1", "30015");
  await page.done();
});

test("Tab right behind a scanned code leaves the code, whatever an earlier question proposed", async () => {
  const page = await open("/sales/new");
  const answers = [];
  await page.route("**/find/products*", async (route) => {
    const q = new URL(route.request().url()).searchParams.get("q");
    if (q.length === 5) await new Promise((go) => answers.push(go)); // the last one is late
    await route.continue().catch(() => {});
  });
  await page.locator("#product-1").click();
  await page.keyboard.type("3001");
  await page.locator('[role="option"]:visible').first().waitFor(); // 30010 is the first of them
  await page.keyboard.type("8");
  await page.keyboard.press("Tab");
  assert.equal(await value(page, "product-1"), "30018");
  for (const go of answers) go();
  await until("its name", async () => /Article 18/.test(await page.locator("[data-name]").first().innerText()));
  assert.equal(await value(page, "product-1"), "30018");
  assert.equal(await page.evaluate(() => document.activeElement.id), "quantity-1");
  await page.done();
});

test("numbers keep their value when the language is changed in mid-sale", async () => {
  const page = await open("/sales/new", { locale: "fr-FR" });
  await page.locator("#price-1").fill("1,234");
  await type(page, "30017", "1,5");
  await until("the total", async () => /^1,85\s£$/.test(await total(page)));
  // Another tab changes the language: what stands in this one is still French.
  const other = await tab(page, "/settings");
  await other.getByLabel("Langue").selectOption("en");
  await until("English", async () => (await other.locator("h1").innerText()) === "Settings");
  await page.locator("#quantity-1").blur();
  await totals(page, "£1.85");
  await page.reload();
  await has(page, "price-1", "1.234");
  assert.equal(await value(page, "quantity-1"), "1.5");
  await totals(page, "£1.85");
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  assert.match(await said(page), /£1\.85/);
  await page.done();
});

test("figures that may be old ones are not shown, and come back by themselves", async () => {
  const page = await open("/sales/new");
  await type(page, "30019", "2");
  await totals(page, "£17.00");
  const silent = page.locator("[data-silent]");
  let hold = "gone";
  const waiting = [];
  await page.route("**/sales/preview", async (route) => {
    if (hold === "gone") return route.abort();
    if (hold === "failing") return route.fulfill({ status: 500, body: "no" });
    if (hold === "slow") await new Promise((go) => waiting.push(go));
    return route.continue().catch(() => {});
  });
  for (hold of ["gone", "failing", "slow"]) {
    await page.locator("#quantity-1").fill("3");
    await totals(page, "–");
    assert.equal(await page.locator("[data-net]").first().innerText(), "–", hold);
    assert.equal(await page.locator("[data-totals]").innerText(), "", hold);
    assert.match(await silent.innerText(), /The app does not answer; what you typed is kept/);
    if (hold === "gone") await accessible(page, "an app that does not answer");
    hold = "through";
    for (const go of waiting) go();
    await totals(page, "£25.50"); // nobody touched the page
    assert.ok(!(await silent.isVisible()), "it still says that the app does not answer");
    await page.locator("#quantity-1").fill("2");
    await totals(page, "£17.00");
  }
  await page.done();
});

test("a sale that is recorded before its preview answered is warned of behind it", async () => {
  const page = await open("/sales/new");
  await page.route("**/sales/preview", () => {}); // it never answers
  await page.locator("#product-1").fill("30018");
  await page.locator("#price-1").fill("0.50");
  await page.locator("#quantity-1").fill("900");
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  const warned = /30018 Article 18 · Margin −900%, below the minimum of 90%\./;
  assert.match(await recorded(page).innerText(), warned);
  await accessible(page, "a sale with warnings");
  await recorded(page).getByRole("link", { name: "Open" }).click();
  assert.match(await page.locator("main .warnings").innerText(), warned);
  await page.done();
});

test("a line taken out and a sale put away come back as they were", async () => {
  const page = await open("/sales/new");
  const fields = () => page.locator(".lines input").evaluateAll((all) => all.map((i) => `${i.id}=${i.value}`).join(" "));
  await page.keyboard.type("30010");
  await page.locator('[role="option"]:visible').first().waitFor();
  await page.keyboard.press("Enter");
  await until("the quantity", () => page.evaluate(() => document.activeElement.id === "quantity-1"));
  await page.keyboard.type("2");
  await page.keyboard.press("Enter");
  await page.keyboard.type("30011");
  await page.locator('[role="option"]:visible').first().waitFor();
  await page.keyboard.press("Enter");
  await until("the quantity", () => page.evaluate(() => document.activeElement.id === "quantity-2"));
  await page.locator("#discount-2").fill("10%");
  const before = await fields();
  const removed = page.locator("[data-removed]");
  // By keys: the first of two lines; and both by the mouse, so that an empty one takes their place.
  await page.locator("#product-1").focus();
  await page.keyboard.press("Alt+Backspace");
  assert.equal(await value(page, "product-1"), "30011");
  assert.match(await removed.innerText(), /Line removed\.\s+Undo/);
  await page.keyboard.press("Alt+Shift+Backspace");
  assert.equal(await fields(), before);
  assert.ok(!(await removed.isVisible()));
  for (let i = 0; i < 2; i++) await page.locator("[data-remove]").first().click();
  assert.equal(await value(page, "product-1"), "");
  await accessible(page, "a line that can be brought back");
  for (let i = 0; i < 2; i++) await removed.getByRole("button", { name: "Undo" }).press("Enter");
  assert.equal(await fields(), before);
  // The whole sale, with its key.
  await page.waitForTimeout(400);
  const had = await key(page);
  await page.reload();
  await has(page, "product-1", "30010");
  await page.getByRole("button", { name: "Begin anew" }).click();
  const away = page.locator("[data-thrown]");
  await away.waitFor();
  assert.match(await away.innerText(), /What you had typed is put away\.\s+Undo/);
  assert.equal(await value(page, "product-1"), "");
  await page.reload(); // it is not brought back unasked
  await away.waitFor();
  assert.equal(await value(page, "product-1"), "");
  await page.keyboard.press("Alt+Shift+Backspace");
  await until("the sale", async () => (await fields()) === before);
  assert.equal(await key(page), had);
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  assert.ok(!(await away.isVisible()));
  await page.done();
});

test("unsaved products, clients, voids and costs survive a reload, and go once they are saved", async () => {
  const page = await open("/sales/new");
  await page.locator("#product-1").fill("30012");
  await page.keyboard.press("Control+Enter");
  const entry = await recorded(page).getByRole("link", { name: "Open" }).getAttribute("href");
  const service = await open("/product");
  await service.locator("#id").fill("UNKNOWN-COST");
  await service.locator("#name").fill("A thing of unknown cost");
  await service.locator("#sell_price").fill("3");
  await service.keyboard.press("Control+Enter");
  await service.waitForURL(/saved=/);
  await service.goto(`${shop.desk}/sales/new`);
  await service.locator("#product-1").fill("UNKNOWN-COST");
  await service.keyboard.press("Control+Enter");
  const costless = await recorded(service).getByRole("link", { name: "Open" }).getAttribute("href");
  await service.done();
  for (const [path, fields] of Object.entries({
    "/product": { id: "D-1", name: "A draft", sell_price: "2.50" },
    "/client": { id: "D-2", name: "A client" },
    [`${entry}/void`]: { reason: "typed twice" },
    [`${costless}/cost`]: { unit_cost: "1.25" },
  })) {
    await page.goto(shop.desk + path);
    for (const [id, text] of Object.entries(fields)) await page.locator(`#${id}`).fill(text);
    await page.reload();
    for (const [id, text] of Object.entries(fields)) await has(page, id, text);
    assert.ok(await page.locator("[data-restored]").isVisible(), path);
    await page.keyboard.press("Control+Enter");
    await recorded(page).waitFor();
    assert.equal(await kept(page), 0, `${path} is saved, and its draft is left`);
  }
  await page.done();
});

test("the keys are found by a button, and letters alone can be switched off", async () => {
  const page = await open("/sales/new");
  const sheet = page.getByRole("dialog", { name: "Keys" });
  await page.getByRole("button", { name: "Keys" }).click();
  await sheet.waitFor();
  await page.keyboard.press("Escape");
  await page.goto(`${shop.desk}/settings`);
  await page.getByLabel("Keys without Ctrl or Alt").uncheck();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.goto(`${shop.desk}/entries`);
  await page.locator("main").focus();
  for (const k of ["?", "g", "p"]) await page.keyboard.press(k);
  await page.waitForTimeout(300);
  assert.ok(!(await sheet.isVisible()) && page.url().endsWith("/entries"), "letters alone still are keys");
  await page.getByRole("button", { name: "Keys" }).click();
  assert.match(await sheet.innerText(), /switched off, under Settings/);
  await accessible(page, "the keys without letters");
  await page.goto(`${shop.desk}/settings`);
  assert.ok(!(await page.getByLabel("Keys without Ctrl or Alt").isChecked()));
  await page.getByLabel("Keys without Ctrl or Alt").check();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.goto(`${shop.desk}/entries`);
  await page.keyboard.press("?");
  await sheet.waitFor();
  await page.done();
});

test("a sale that was voided is entered anew, corrected", async () => {
  const page = await open("/sales/new");
  await type(page, "30018", "20");
  await page.keyboard.press("Control+Enter");
  const number = (await said(page)).match(/INV-\d+/)[0];
  await recorded(page).getByRole("link", { name: "Void it" }).click();
  await page.locator("#reason").fill("ten times too many");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("link", { name: "Enter it anew, corrected" }).click();
  await has(page, "quantity-1", "20");
  await totals(page, "£150.00");
  await page.locator("#quantity-1").fill("2");
  await totals(page, "£15.00");
  await page.reload();
  await has(page, "quantity-1", "2"); // what is corrected is kept as what is typed is
  await page.keyboard.press("Control+Enter");
  await until("the new one", async () => /£15\.00/.test(await said(page)));
  assert.notEqual((await said(page)).match(/INV-\d+/)[0], number);
  assert.equal(await kept(page), 0);
  await page.done();
});

test("who is no longer signed in is told so, sees no old figures, and goes on where they were", async () => {
  const PASSWORD = "as long as it takes";
  const setting = shop.begin(["password"], true);
  setting.stdin.end(`${PASSWORD}\n`);
  await setting.ended;
  await shop.stop(running);
  running = shop.run("accountant");
  await until("the app", () => fetch(`${shop.desk}/sign-in`).then((r) => r.ok));
  const page = await open("/sales/new");
  const signIn = async () => {
    await page.locator("#password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(/sales\/new/);
  };
  await signIn();
  await type(page, "30019", "2");
  await totals(page, "£17.00");
  const other = await tab(page, "/settings");
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.waitForURL(/sign-in/);
  await page.locator("#quantity-1").fill("3");
  await totals(page, "–");
  const told = page.locator("[data-signed-out]");
  await told.waitFor();
  assert.match(await told.innerText(), /no longer signed in; what you typed is kept\. Sign in/);
  await told.getByRole("link", { name: "Sign in" }).click();
  await signIn();
  await has(page, "quantity-1", "3");
  await totals(page, "£25.50");
  await page.keyboard.press("Control+Enter");
  await recorded(page).waitFor();
  await page.done();
});
