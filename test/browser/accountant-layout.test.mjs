// Every page of the accountant's app at the widths of a phone, a tablet and a desk, in
// French, whose words are the longer ones: nothing scrolls sideways, no text is cut.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, openPage } from "./lib/browser.mjs";
import { openShop, stock, until } from "./lib/shop.mjs";
import { makeBook } from "./lib/workbook.mjs";

let shop;
let browser;
let page;

before(async () => {
  shop = await openShop();
  shop.run("accountant");
  stock(shop, 12);
  await until("the app", () => fetch(`${shop.desk}/sales/new`).then((r) => r.ok));
  browser = await openBrowser();
  page = await openPage(browser, { locale: "fr-FR", reducedMotion: "reduce" });
});

after(async () => {
  await browser?.close();
  await shop?.close();
});

const WIDTHS = [360, 768, 1280];

/** What cannot be read of the page as it stands: [why, text]. */
const unread = () => {
  const wrong = [];
  const line = (e) => Number.parseFloat(getComputedStyle(e).lineHeight) || 20;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const own = node.parentElement;
    if (text === "" || !own.checkVisibility() || own.closest(".sr, .skip, dialog, option, script, noscript, template")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    if (box.width < 100 && box.height > 5.5 * line(own)) wrong.push(["stands in a narrow column", text]);
    if (/^[\d\u202f\u00a0,.%£−-]+$/.test(text) && box.height > 1.7 * line(own)) wrong.push(["is a number on two lines", text]);
    for (let e = own; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.clipPath !== "none" || style.textOverflow === "ellipsis" || /auto|scroll/.test(style.overflowX)) break;
      const edge = e.getBoundingClientRect();
      if (style.overflowX !== "visible" && (box.right > edge.right + 1 || box.left < edge.left - 1)) wrong.push(["is cut", text]);
      if (e.matches("td, th, button, .button") && box.right > edge.right + 1) wrong.push(["runs out of its place", text]);
      if (e === document.body && box.right > innerWidth + 1) wrong.push(["runs out of the page", text]);
    }
  }
  for (const e of document.querySelectorAll("main :is(input:not([type=hidden]), select, button, .button)")) {
    if (!e.checkVisibility() || e.closest(".scroll")) continue;
    const edge = e.getBoundingClientRect();
    const card = e.closest(".card")?.getBoundingClientRect();
    if (edge.right > innerWidth || (card && (edge.right > card.right || edge.left < card.left))) wrong.push(["runs out of its card", e.name || e.textContent]);
    const inner = e.clientWidth - 2 * Number.parseFloat(getComputedStyle(e).paddingLeft);
    if (e.type === "date" && inner < 116) wrong.push([`a date does not fit in ${inner} px`, e.name]);
    // Fields of one column of a stacked row begin at the same place.
    const row = e.closest(".stack tr");
    const first = row?.querySelector("input")?.getBoundingClientRect();
    const off = first ? Math.abs(edge.left - first.left) : 0;
    if (innerWidth < 720 && off > 1 && off < first.width / 2) wrong.push(["is out of line", e.name]);
  }
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) wrong.push([`the page scrolls sideways by ${wide} px`, document.title]);
  return wrong.map((w) => w.join(": "));
};

/** Looks at the page as it stands at every width; SHOTS names a folder for pictures. */
async function whole(name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await page.evaluate(unread), [], `${name} at ${width} px`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name.replaceAll(" ", "-")}-${width}.png`, fullPage: true });
  }
}

const LONG = "Théière en fonte émaillée bleu nuit avec infuseur amovible, un litre deux";
const send = (path, form) => page.request.post(shop.desk + path, { form, maxRedirects: 0 });
/** Records a form and tells where its entry is. */
async function record(path, form) {
  const answer = await send(path, { key: crypto.randomUUID(), date: "2011-12-09", ...form });
  assert.equal(answer.status(), 303, `${path}: ${await answer.text()}`);
  const [, query, own] = answer.headers().location.match(/recorded=(\d+)|entries\/(\d+)/);
  return `/entries/${query ?? own}`;
}

test("every page of the app is whole at every width", async () => {
  await send("/product", { id: "LONG-1", name: LONG, kind: "stock", sell_price: "1234,50", category: "cuisine" });
  await record("/receipts/new", { product: "LONG-1", quantity: "1200", unit_cost: "800", lot: "LOT-2011-1208-A", expiry_date: "2012-12-31" });
  const invoice = await record("/sales/new", { product: "LONG-1", quantity: "1000", client: "12003", reference: "BON-DE-COMMANDE-2011-000123" });
  const voided = await record("/sales/new", { product: "30005", quantity: "1" });
  await record(`${voided}/void`, { reason: "saisie deux fois" });
  await send("/seller", { seller_name: "Maison Dupré et Fils, thés et porcelaines", seller_address: "123, rue des Martyrs\n75009 Paris", seller_registration: "123 456 789 00012", seller_vat: "FR32 123456789" });
  const views = {
    sale: "/sales/new",
    return: "/returns/new",
    receipt: "/receipts/new",
    count: "/counts/new?product=LONG-1",
    "count first": "/counts/new",
    entries: "/entries",
    entry: invoice,
    print: `${invoice}/print`,
    void: `${invoice}/void`,
    "return of it": `${invoice}/return`,
    voided,
    "void of what is voided": `${voided}/void`,
    "return of what is voided": `${voided}/return`,
    products: "/products",
    product: "/product?id=LONG-1",
    clients: "/clients",
    client: "/client?id=12003",
    settings: "/settings?saved=yes",
    missing: "/nothing",
  };
  for (const [name, path] of Object.entries(views)) {
    await page.goto(shop.desk + path);
    await whole(name);
  }
});

test("so are the pages of an import with faults", async () => {
  await page.goto(`${shop.desk}/imports`);
  await whole("imports, none yet");
  const name = "ventes-du-magasin-de-la-rue-des-martyrs-novembre-2011.xlsx";
  const book = makeBook({
    Produits: [
      ["Code produit", "Nom", "Genre", "Prix d’achat", "Marge min %"],
      ["P-1", LONG, "stock", 2, 20],
      ["P-2", "Corde", "Article en stock", -1, 120],
      ["P-3", "Un nom de produit qui est là", "stock", "environ douze euros", 20],
    ],
    Factures: [
      ["Numéro facture", "Date facture", "Total TTC"],
      ["F-1", "2011-12-01", 1234567.5],
      ["F-2", "2011-12-02", 99],
    ],
    Lignes_Factures: [
      ["Numéro facture", "Code produit", "Quantité", "Prix unitaire"],
      ["F-1", "P-1", 1, 1234567.5],
      ["F-2", "P-1", "une douzaine", 3.39],
    ],
  });
  await page.locator("#file").setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(book) });
  await page.locator("form[enctype] button").click();
  await page.locator("h1", { hasText: "Ce qui serait enregistré" }).waitFor();
  await whole("dry run");
  await page.setViewportSize({ width: 1280, height: 900 });
  const [title, button] = await Promise.all([page.getByText("Ce qui est faux").boundingBox(), page.getByText("Télécharger les erreurs").boundingBox()]);
  assert.ok(Math.abs(title.y + title.height / 2 - button.y - button.height / 2) < 12 && button.x + button.width > 1200, "the button is not at the right end of its title");
  await page.getByRole("button", { name: "Enregistrer ce qui est bon" }).click();
  await page.locator("h1", { hasText: "Importé" }).waitFor();
  await page.goto(`${shop.desk}/imports`);
  await whole("imports");
  await page.locator(".list tbody a").first().click();
  await page.locator("h1", { hasText: "Import 3" }).waitFor();
  await whole("import");
});

test("what is wrong in a line of a sale takes the width of the line", async () => {
  await page.goto(`${shop.desk}/sales/new`);
  await page.locator("#product-1").fill("LONG-1");
  await page.locator("#quantity-1").fill("1.234");
  await page.locator("#tax-1").fill("abc");
  await page.locator("#discount-1").fill("beaucoup");
  await page.keyboard.press("Control+Enter");
  await page.locator("#faults").waitFor();
  await whole("a sale with faults");
  const heights = await page.locator(".line .fault:visible").evaluateAll((all) => all.map((e) => e.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(e).lineHeight)));
  assert.equal(heights.length, 3);
  assert.ok(heights.every((lines) => lines < 1.5), `faults of ${heights} lines`);
  page.clean();
});
