// Takes the pictures with which README and the docs open: node picture.mjs, on the built command.
import { mkdirSync, statSync } from "node:fs";
import { openBrowser, openPage } from "./lib/browser.mjs";
import { makeBook } from "./lib/workbook.mjs";
import { openYear } from "./lib/year.mjs";

const FOLDER = new URL("../../docs/images/", import.meta.url).pathname;

async function picture(page, name) {
  await page.screenshot({ path: FOLDER + name });
  console.log(`${FOLDER}${name}: ${Math.round(statSync(FOLDER + name).size / 1000)} kB`);
}

mkdirSync(FOLDER, { recursive: true });
const shop = await openYear();
const browser = await openBrowser();
if (process.argv[2] !== "accountant") {
  const page = await openPage(browser, { viewport: { width: 1280, height: 920 } });
  await page.goto(shop.url);
  await page.settled();
  await page.waitForSelector(".days svg");
  await picture(page, "page.png");
}
const desk = await openPage(browser, { viewport: { width: 1280, height: 620 } });
await desk.context().addCookies([{ name: "comptoir-who", value: "accountant", url: shop.desk }]);
const line = async (code, quantity) => {
  await desk.keyboard.type(code);
  await desk.locator('[role="option"]:visible').first().waitFor();
  await desk.keyboard.press("Enter");
  await desk.waitForFunction(() => document.activeElement?.name === "quantity");
  await desk.keyboard.type(quantity);
  await desk.keyboard.press("Enter");
  await desk.waitForFunction(() => document.activeElement?.name === "product");
};
await desk.goto(`${shop.desk}/sales/new`);
await line("22423", "2");
await desk.keyboard.press("Control+Enter");
await desk.locator('[data-step="product-winners"][data-state="done"]').waitFor();
await desk.locator("small", { hasText: "@" }).first().waitFor();
await line("85123a", "6");
await line("84879", "12");
await desk.keyboard.type("set tea");
await desk.locator('[role="option"]:visible').nth(3).waitFor();
await desk.waitForTimeout(500);
await picture(desk, "accountant-sale.png");

// A day's sheets with two faults, as they are shown before anything is recorded.
await desk.setViewportSize({ width: 1280, height: 840 });
const buffer = makeBook({
  Products: [
    ["Product id", "Name", "Buy price"],
    ["90001", "BRASS LANTERN", 2.1],
    ["90002", "ROPE 5 M", 0.5],
  ],
  Invoices: [
    ["Invoice number", "Date", "Total"],
    ["M-101", "2011-12-08", 24.41],
    ["M-102", "2011-12-08", ""],
    ["M-103", "2011-12-09", 99],
    ["M-104", "2011-12-09", ""],
  ],
  Invoice_Details: [
    ["Invoice number", "Product id", "Quantity", "Unit price", "Tax rate %"],
    ["M-101", "90001", 6, 3.39, 20],
    ["M-102", "90001", "a dozen", 3.39, 20],
    ["M-103", "90002", 1, 1.25, 20],
    ["M-104", "22423", 2, 12.75, 20],
    ["M-104", "85123A", 6, 2.95, 20],
  ],
});
await desk.goto(`${shop.desk}/imports`);
await desk.locator("#file").setInputFiles({ name: "december.xlsx", mimeType: "application/octet-stream", buffer: Buffer.from(buffer) });
await desk.locator("form[enctype] button").click();
await desk.locator("h1", { hasText: "What would be recorded" }).waitFor();
await picture(desk, "accountant-import.png");
await browser.close();
await shop.close();
