// Takes the picture with which README opens: node picture.mjs, on the built command.
import { mkdirSync, statSync } from "node:fs";
import { openBrowser, openPage } from "./lib/browser.mjs";
import { openYear } from "./lib/year.mjs";

const FILE = new URL("../../docs/images/page.png", import.meta.url).pathname;

const shop = await openYear();
const browser = await openBrowser();
const page = await openPage(browser, { viewport: { width: 1280, height: 920 } });
await page.goto(shop.url);
await page.settled();
await page.waitForSelector(".days svg");
mkdirSync(new URL(".", `file://${FILE}`), { recursive: true });
await page.screenshot({ path: FILE });
await browser.close();
await shop.close();
console.log(`${FILE}: ${Math.round(statSync(FILE).size / 1000)} kB`);
