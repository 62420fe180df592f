// Excel and CSV in, as an accountant brings them: a workbook with faults and its repaired
// copy, a column that is asked about, and a process that is killed in the midst of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, openAt, openBrowser } from "./lib/browser.mjs";
import { openShop, until } from "./lib/shop.mjs";
import { changeCells, makeBook, unpack } from "./lib/workbook.mjs";

let shop;
let browser;
let running;

before(async () => {
  shop = await openShop();
  await start();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await shop?.close();
});

async function start() {
  running = shop.run();
  await until("the app", () => fetch(`${shop.desk}/imports`).then((r) => r.ok));
}

const open = (path, options) => openAt(browser, shop.desk + path, options);

/** Chooses files on the page of imports and has them looked at. */
async function bring(page, name, buffer) {
  await page.goto(`${shop.desk}/imports`);
  await page.locator("#file").setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(buffer) });
  await page.locator("form[enctype] button").click();
}

const heading = (page, text) => page.locator("h1", { hasText: text }).waitFor();
const entries = async (kind) => (await (await fetch(`${shop.desk}/entries.csv?kind=${kind}`)).text()).trim().split("\r\n").length - 1;

const books = {
  Products: [
    ["Product id", "Name", "Buy price"],
    ["00417", "Lantern", 2],
    ["00418", "Rope", 0.5],
  ],
  Invoices: [
    ["Invoice number", "Date", "Total"],
    ["F-1", "2011-12-01", 24.41],
    ["F-2", "2011-12-02", ""],
    ["F-3", "2011-12-02", 99],
  ],
  Invoice_Details: [
    ["Invoice number", "Product id", "Quantity", "Unit price", "Tax rate %"],
    ["F-1", "00417", 6, 3.39, 20],
    ["F-2", "00417", "a dozen", 3.39, 20],
    ["F-2", "00418", 1, "1 250,50", 20],
    ["F-3", "00418", 1, 1.25, 20],
  ],
};

test("a workbook with faults is looked at, the good part recorded, the marked copy repaired and brought again", async () => {
  const page = await open("/imports");
  await accessible(page, "imports");
  await bring(page, "books.xlsx", makeBook(books));
  await heading(page, "What would be recorded");
  await accessible(page, "what would be recorded");
  const text = await page.locator("main").innerText();
  for (const part of ["Products: 2 created", "Invoices: 1 (lines: 1), net £20.34", "2011-12", "Invoice_Details!C3", "a dozen", "A number is due", "Invoices!C4", "The lines of the document come to 1.50"])
    assert.ok(text.includes(part), `it does not say ${part}: ${text}`);
  assert.equal(await entries("invoice"), 0, "something was recorded before it was asked for");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Download the faults").click()]);
  assert.equal(download.suggestedFilename(), "books-faults.xlsx");
  await page.getByRole("button", { name: "Record what is good" }).dblclick();
  await heading(page, "Imported");
  assert.equal(await entries("invoice"), 1);

  const marked = readFileSync(await download.path());
  const comments = Object.entries(unpack(marked)).filter(([name]) => name.startsWith("xl/comments"));
  assert.ok(comments.some(([, text]) => text.toString().includes("a number is due")), "the copy does not say what is wrong");
  const repaired = changeCells(changeCells(marked, 3, { C3: 12 }), 2, { C4: 1.5 });
  await bring(page, "books-repaired.xlsx", repaired);
  await heading(page, "What would be recorded");
  const again = await page.locator("main").innerText();
  for (const part of ["Invoices: 2 (lines: 3)", "Documents recorded before, and skipped: 1 (lines: 1)", "All months"]) assert.ok(again.includes(part), `it does not say ${part}: ${again}`);
  await accessible(page, "what was recorded before");
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/known.png`, fullPage: true });
  const known = page.getByRole("row").filter({ hasText: "F-1" });
  assert.match(await known.innerText(), /F-1\s+INV-000001\s+Invoice_Details, row 2\s+1/);
  assert.match(await known.getByRole("link").getAttribute("href"), /^\/entries\/\d+$/);
  await page.getByRole("button", { name: "Record what is good" }).click();
  await heading(page, "Imported");
  assert.equal(await entries("invoice"), 3);
  await shop.level();
  assert.equal((await shop.api("product-winners/00417")).windows.all.units, 18);

  // Its history, and the whole of it voided.
  await page.getByText("Open", { exact: true }).click();
  await heading(page, "Import 2");
  await accessible(page, "an import");
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/import.png`, fullPage: true });
  await page.getByRole("link", { name: "Find in them" }).click();
  await heading(page, "Entries");
  assert.deepEqual(await page.locator(".list tbody tr td:first-child a").allInnerTexts(), ["INV-000003", "INV-000002"]);
  await page.getByRole("link", { name: "Import 2" }).click();
  await page.locator("#reason").fill("a trial");
  await page.getByRole("button", { name: "Void the whole import" }).click();
  await page.getByText("Documents voided: 2").waitFor();
  await shop.level();
  assert.equal((await shop.api("product-winners/00417")).windows.all.units, 6);
  await page.done();
});

test("in French: a column that can be read in two ways is asked about", async () => {
  const page = await open("/imports", { locale: "fr-FR", colorScheme: "dark", viewport: { width: 360, height: 740 } });
  await bring(page, "ventes.csv", "numéro facture;code produit;quantité;prix unitaire;date\nV-1;00418;1,500;2,50;03/04/2011\n");
  await heading(page, "Une question d’abord");
  await accessible(page, "the question, in French");
  await page.getByLabel("3 avril 2011 : le jour d’abord").check();
  await page.getByRole("button", { name: "Continuer" }).click();
  // Left open: it is said, what was chosen stays, and the way leads to the question.
  const summary = page.locator("#faults");
  await summary.getByRole("link", { name: "Dites comment « 1,500 » est à lire dans la colonne « quantité »." }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "faults");
  await accessible(page, "a question left open, in French");
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/question.png`, fullPage: true });
  assert.ok(await page.getByLabel("3 avril 2011 : le jour d’abord").isChecked());
  await summary.getByRole("link").click();
  const quantity = page.getByRole("group", { name: "colonne « quantité » : « 1,500 » est" });
  assert.equal(await page.evaluate(() => document.activeElement?.closest("fieldset")?.innerText), await quantity.innerText());
  assert.match(await quantity.innerText(), /1,5 : la marque précède les décimales\s+1.500 : la marque sépare les milliers/);
  await quantity.getByLabel("1,5 : la marque précède les décimales").check();
  await page.getByRole("button", { name: "Continuer" }).click();
  await heading(page, "Ce qui serait enregistré");
  assert.ok((await page.locator("main").innerText()).includes("3,75"));
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page scrolls sideways");
  await page.getByRole("button", { name: "Enregistrer ce qui est bon" }).click();
  await heading(page, "Importé");
  await page.done();
});

test("in French: what is wrong with a file or a row is said, and can be fetched, in French", async () => {
  const page = await open("/imports", { locale: "fr-FR" });
  await bring(page, "inconnu.csv", "a;b\n1;2\n");
  await heading(page, "Cela n’a pas marché");
  assert.match(await page.getByRole("alert").innerText(), /^Rien n’a été enregistré : lecture de inconnu\.csv : .* n’est l’en-tête d’aucune table connue/);

  const fetched = async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Télécharger les erreurs").click()]);
    return [download.suggestedFilename(), readFileSync(await download.path())];
  };
  await bring(page, "ventes.csv", "numéro facture;code produit;quantité;prix unitaire;date\nV-2;00418;beaucoup;2,50;2011-12-05\n");
  await heading(page, "Ce qui serait enregistré");
  const [list, csv] = await fetched();
  assert.equal(list, "ventes-erreurs.csv");
  assert.match(csv.toString(), /^\uFEFFfichier;ligne;lignes;colonne;valeur;règle;que faire;feuille;cellule\r\nventes\.csv;2;1;quantité;beaucoup;un nombre est attendu;/);

  await bring(page, "livres.xlsx", makeBook(books));
  await heading(page, "Ce qui serait enregistré");
  const [copy, marked] = await fetched();
  assert.equal(copy, "livres-erreurs.xlsx");
  const comments = Object.entries(unpack(marked)).filter(([name]) => name.startsWith("xl/comments"));
  assert.ok(comments.some(([, text]) => text.toString().includes("un nombre est attendu")), "the copy does not speak French");
  await page.done();
});

/** A table of so many invoices of four lines. */
function manyInvoices(prefix, documents) {
  let rows = "invoice number,product id,quantity,unit price,date\n";
  for (let d = 0; d < documents; d++) for (let l = 0; l < 4; l++) rows += `${prefix}-${d},0041${7 + (l % 2)},${1 + l},2.50,2011-12-0${1 + (d % 8)}\n`;
  return rows;
}

/** The rows of the history that speak of a file. */
async function history(page, name) {
  await page.goto(`${shop.desk}/imports`);
  return (await page.locator(".list tbody tr").allInnerTexts()).filter((row) => row.includes(name));
}

test("an import that is stopped leaves whole documents, says how many, and goes on when told", async () => {
  const page = await open("/imports");
  const [before, voided] = [await entries("invoice"), await entries("void")];
  const documents = 4_000;
  await bring(page, "stopped.csv", manyInvoices("S", documents));
  await heading(page, "What would be recorded");
  await page.getByRole("button", { name: "Record what is good" }).click();
  await heading(page, "Recording");
  await until("a part to be recorded", async () => (await entries("invoice")) > before + 500);
  await page.getByRole("button", { name: "Stop" }).click();
  await heading(page, "Stopped");
  await accessible(page, "an import that was stopped");
  const part = (await entries("invoice")) - before;
  console.log(`  stopped with ${part} of ${documents} invoices recorded`);
  assert.ok(part > 500 && part < documents, `${part} invoices were recorded`);
  const text = await page.locator("main").innerText();
  for (const said of ["What is recorded by then stays, whole documents only", `Invoices: ${part.toLocaleString("en-GB")} (lines: ${(4 * part).toLocaleString("en-GB")})`]) assert.ok(text.includes(said), `it does not say ${said}: ${text}`);
  const [row] = await history(page, "stopped.csv");
  assert.ok(row.includes("stopped, or under way"), row);

  await page.goBack();
  await page.getByRole("button", { name: "Go on" }).click();
  await heading(page, "Imported");
  assert.equal(await entries("invoice"), before + documents);
  const rows = await history(page, "stopped.csv");
  assert.equal(rows.length, 1, "the import stands twice in the history");
  assert.ok(rows[0].includes("4,000") && rows[0].includes("done"), rows[0]);

  // What takes its time is voided behind the page, which tells how far it is.
  await page.locator(".list tbody tr", { hasText: "stopped.csv" }).getByRole("link").click();
  await page.locator("#reason").fill("a trial");
  await page.getByRole("button", { name: "Void the whole import" }).click();
  await page.getByText("It is being voided.").waitFor();
  await page.locator("[data-text]", { hasText: /of 4,000, .* a second, .* s left/ }).waitFor();
  await accessible(page, "an import that is being voided");
  await page.getByText("Documents voided: 4,000").waitFor();
  assert.equal(await entries("void"), voided + documents);
  await page.done();
});

test("killed in the midst of an import, the same file again goes on behind it", async () => {
  const page = await open("/imports");
  const before = await entries("invoice");
  const documents = 6_000;
  const rows = manyInvoices("K", documents);
  await bring(page, "large.csv", rows);
  await heading(page, "What would be recorded");
  await page.getByRole("button", { name: "Record what is good" }).click();
  await heading(page, "Recording");
  await until("a part to be recorded", async () => (await entries("invoice")) > before + 500);
  running.kill("SIGKILL");
  await running.ended;
  await page.getByText("The app does not answer.").waitFor();
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/lost.png` });
  await start();
  await heading(page, "Interrupted");
  await page.getByRole("alert").getByText("bring the same files again").waitFor();
  await accessible(page, "an import whose process is gone");
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/gone.png` });
  await page.getByRole("alert").getByRole("link", { name: "Imports" }).click();
  await heading(page, "Imports");
  const part = (await entries("invoice")) - before;
  console.log(`  killed with ${part} of ${documents} invoices recorded`);
  assert.ok(part > 0 && part < documents, `${part} invoices were recorded`);
  assert.ok((await history(page, "large.csv"))[0].includes("stopped, or under way"));
  await bring(page, "large.csv", rows);
  await heading(page, "What would be recorded");
  const began = Date.now();
  await page.getByRole("button", { name: "Record what is good" }).click();
  await heading(page, "Imported");
  console.log(`  the rest was recorded in ${Date.now() - began} ms`);
  assert.equal(await entries("invoice"), before + documents);
  const told = await history(page, "large.csv");
  assert.equal(told.length, 1, "the import stands twice in the history");
  assert.ok(told[0].includes("6,000") && told[0].includes("done"), told[0]);
  await page.done();
});
