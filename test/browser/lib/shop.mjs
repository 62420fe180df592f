// A shop on the built command: its own data directory, its own addresses, real parts.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const COMMAND = resolve(process.env.COMPTOIR_COMMAND ?? new URL("../../../bin/comptoir", import.meta.url).pathname);
const HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

export const TODAY = "2011-12-09";

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Waits until f answers something, for as long as a busy machine may take. */
export async function until(what, f, patience = 60_000) {
  const end = Date.now() + patience;
  let last;
  while (Date.now() < end) {
    try {
      const got = await f();
      if (got) return got;
    } catch (e) {
      last = e;
    }
    await sleep(50);
  }
  throw new Error(`waited ${patience / 1000} s in vain for ${what}${last ? `: ${last}` : ""}`);
}

export async function openShop({ data, flags = {} } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "comptoir-shop-"));
  const [query, broker, accountant] = [await freePort(), await freePort(), await freePort()];
  const settings = {
    CURRENCY: "GBP",
    BUSINESS_DATE: TODAY,
    BUSINESS_TIMEZONE: "Europe/London",
    HEARTBEAT_INTERVAL: "500ms",
    LOG_FORMAT: "text",
    ...flags,
    QUERY_ADDR: `127.0.0.1:${query}`,
    BROKER_ADDR: `127.0.0.1:${broker}`,
    ACCOUNTANT_ADDR: `127.0.0.1:${accountant}`,
  };
  const env = { PATH: process.env.PATH, HOME: dir, ...settings };
  const home = data ?? join(dir, "data");
  const running = new Set();
  let files = 0;

  function begin(args, input) {
    const p = spawn(COMMAND, [...args, "--data", home], { env, stdio: [input ? "pipe" : "ignore", "pipe", "pipe"] });
    p.said = "";
    for (const out of [p.stdout, p.stderr]) out.on("data", (b) => (p.said = (p.said + b).slice(-20_000)));
    running.add(p);
    p.ended = new Promise((done) => p.once("exit", done)).then(() => running.delete(p));
    return p;
  }

  const shop = {
    url: `http://127.0.0.1:${query}/`,
    /** Where the accountant's app is. */
    desk: `http://127.0.0.1:${accountant}`,
    begin,
    /** Runs parts, all of them where none is named, until stop. */
    run: (...parts) => begin(["run", ...parts]),
    async stop(p) {
      p.kill("SIGTERM");
      await p.ended;
    },
    /** Runs a command to its end. */
    do(...args) {
      const { status, stdout, stderr } = spawnSync(COMMAND, [...args, "--data", home], { env, encoding: "utf8" });
      if (status !== 0) throw new Error(`comptoir ${args.join(" ")}: exit ${status}\n${stdout}${stderr}`);
      return stdout;
    },
    file(name, text) {
      const path = join(dir, `${files++}-${name}.csv`);
      writeFileSync(path, text);
      return path;
    },
    /** Records invoice lines, each [invoice, product, name, quantity, day, price, client]. */
    sell(...lines) {
      const rows = lines.map(([invoice, code, name, quantity, day, price, client]) =>
        [invoice, code, JSON.stringify(name).replaceAll('\\"', '""'), quantity, `${day} 09:00`, price, client, "France"].join(","),
      );
      return shop.do("import", "--profile", "online-retail", shop.file("sales", `${HEAD}${rows.join("\n")}\n`));
    },
    async api(path) {
      const res = await fetch(`${shop.url}v1/${path}`);
      if (!res.ok) throw new Error(`${path}: ${res.status}`);
      return res.json();
    },
    /** Waits until everything that is recorded by now is applied. */
    level() {
      const now = Date.now();
      return until("everything to be applied", async () => {
        const s = await shop.api("status");
        return s.computed && s.lag === 0 && Date.parse(s.as_of) >= now && s;
      });
    },
    async close() {
      for (const p of [...running]) await shop.stop(p);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return shop;
}

const DAY = 86_400_000;
const before = (days) => new Date(Date.parse(TODAY) - days * DAY).toISOString().slice(0, 10);

/** Fills a shop with a catalogue, stock of every risk, sales of sixty days, and clients. */
export function stock(shop, products = 60) {
  const code = (i) => String(30_000 + i); // five digits are goods; anything else is a service
  const names = (i) => (i === 3 ? '=HYPERLINK("http://evil.example")' : i === 4 ? "Théière ; émaillée" : `Article ${i}`);
  const quoted = (s) => `"${s.replaceAll('"', '""')}"`;
  const catalogue = Array.from({ length: products }, (_, i) => `${code(i)},${quoted(names(i))},${i % 2 ? "kitchen" : "tea"},${1 + (i % 7)}.00,${4 + (i % 5)}.50,${i % 9 === 0 ? 90 : 20}`);
  const expiries = ["2011-12-01", "2011-12-12", "2012-01-02", "", "2012-12-31"];
  const shelf = Array.from({ length: products }, (_, i) => `${code(i)},L1,${5 + i},${1 + (i % 7)}.00,${before(3 + i * 4)},${expiries[i % 5]}`);
  const lines = Array.from({ length: products * 3 }, (_, n) => [
    `6${String(n).padStart(5, "0")}`,
    code(n % products),
    names(n % products),
    1 + ((n * 7) % 40),
    before((n * 11) % 58),
    `${4 + (n % 5)}.50`,
    String(12_000 + (n % 25)),
  ]);
  shop.do(
    "import",
    "--profile",
    "online-retail",
    shop.file("catalogue", `product_id,name,category,buy_price,sell_price,min_margin_pct\n${catalogue.join("\n")}\n`),
    shop.file("stock", `product_id,lot,quantity,unit_cost,received_on,expiry_date\n${shelf.join("\n")}\n`),
  );
  shop.sell(...lines);
}
