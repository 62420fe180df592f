// A real Chromium, and what every page in it must keep to.
import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const ARGS = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"];

export async function openBrowser(args = []) {
  return chromium.launch({ executablePath: CHROMIUM, args: [...ARGS, ...args] });
}

/**
 * Opens a page whose console is watched: an error of the page, or a request to
 * anybody else than its own origin, fails the test that calls clean().
 */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Paris", viewport: { width: 1280, height: 768 }, ...options });
  const page = await context.newPage();
  const faults = [];
  const strangers = new Set();
  page.on("pageerror", (e) => faults.push(`error: ${e.message}`));
  page.on("console", (m) => {
    // That an answer did not come is what some tests are about; the page says it itself.
    if (m.type() === "error" && !/Failed to load resource/.test(m.text())) faults.push(`console: ${m.text()}`);
  });
  page.on("request", (r) => {
    const { protocol, origin } = new URL(r.url());
    if (protocol.startsWith("http") && origin !== new URL(page.url() === "about:blank" ? r.url() : page.url()).origin) strangers.add(origin);
  });
  page.clean = () => {
    assert.deepEqual(faults, []);
    assert.deepEqual([...strangers], [], "the page asked somebody else");
  };
  /** Ends a test of the page. */
  page.done = async () => {
    page.clean();
    await context.close();
  };
  page.state = () => page.locator(".fresh").getAttribute("data-state");
  /** Waits for a state; whoever comes back to a tab is shown the present at once. */
  page.becomes = async (state, patience = 45_000) => {
    const end = Date.now() + patience;
    while ((await page.state()) !== state) {
      if (Date.now() > end) assert.fail(`the page is ${await page.state()}, not ${state}, after ${patience / 1000} s`);
      await page.poke();
      await page.waitForTimeout(100);
    }
  };
  page.poke = () => page.evaluate(() => dispatchEvent(new Event("focus")));
  page.settled = () => page.waitForFunction(() => !document.querySelector(".skeleton, [aria-busy=true]"));
  return page;
}

/** Opens a page at an address. */
export async function openAt(browser, url, options) {
  const page = await openPage(browser, options);
  await page.goto(url);
  return page;
}

/** Nothing that axe knows of WCAG 2.2 A and AA, and of good practice, may be wrong. */
export async function accessible(page, where) {
  // Fifty rows are as good or bad as eight, and take as long as all the rest.
  const { violations } = await new AxeBuilder({ page }).exclude(".list tbody tr:nth-child(n+9)").withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 140)).slice(0, 3).join(" | ")}`);
  assert.deepEqual(found, [], `axe, ${where}`);
}

export const VIEWS = {
  overview: "",
  winners: "?view=winners",
  risk: "?view=risk",
  clients: "?view=clients&all=true",
  status: "?view=status",
};
