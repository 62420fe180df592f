import assert from "node:assert/strict";
import { test } from "node:test";
import { checkStatus } from "../src/api/check";
import { parseConfig } from "../src/api/config";
import { bucketOf } from "../src/api/snapshots";
import { Fault } from "../src/api/source";
import { change, href, parseRoute, queryOf, spanOf } from "../src/state/route";
import { statusOf } from "./samples";

const PAGE = "https://shop.example/bucket/index.html?view=winners";

test("config.json names a source, relative to the page", () => {
  assert.equal(parseConfig({ source: "api", url: "." }, PAGE).url, "https://shop.example/bucket/");
  assert.equal(parseConfig({ source: "snapshots", url: "data" }, PAGE).url, "https://shop.example/bucket/data/");
  assert.equal(parseConfig({ source: "api", url: "https://api.example/x" }, PAGE).url, "https://api.example/x/");
  assert.equal(parseConfig({ source: "api" }, PAGE).signIn, null);
  assert.equal(
    parseConfig({ source: "api", issuer: "https://id.example", client_id: "page" }, PAGE).signIn?.scope,
    "openid",
  );
});

test("a config.json that cannot work is refused with what is wrong", () => {
  for (const [config, says] of [
    [{}, /source/],
    [[], /source/],
    [null, /object/],
    [{ source: "api", url: "javascript:alert(1)" }, /url/],
    [{ source: "api", url: 7 }, /url/],
    [{ source: "api", stale_after: "soon" }, /stale_after/],
    [{ source: "api", issuer: "https://id.example" }, /client_id/],
    [{ source: "api", issuer: "id", client_id: "x" }, /issuer/],
  ] as const) {
    assert.throws(
      () => parseConfig(config, PAGE),
      (e) => e instanceof Fault && e.kind === "invalid" && says.test(e.message),
    );
  }
});

test("an answer is what this page understands, or refused", () => {
  assert.equal(checkStatus(statusOf()).currency, "EUR");
  for (const wrong of [
    null,
    [],
    {},
    "ok",
    { ...statusOf(), version: "7" },
    { ...statusOf(), gaps: 2 ** 60 },
    { ...statusOf(), functions: [{}] },
    { ...statusOf(), heartbeat_at: "soon" },
  ]) {
    assert.throws(() => checkStatus(wrong), Fault);
  }
});

test("an address says where the reader is, and nothing that the API would refuse", () => {
  const r = parseRoute("?view=winners&window=7d&sort=margin&order=asc&page=3&evil=1&category=a%26b");
  assert.deepEqual(r, {
    view: "winners",
    params: { window: "7d", sort: "margin", order: "asc", page: "3", category: "a&b" },
  });
  assert.deepEqual(queryOf(r), { window: "7d", sort: "margin", order: "asc", category: "a&b" });
  assert.deepEqual(spanOf(r), { offset: 100, limit: 50 });
  assert.equal(change(r, { sort: "profit" }), "?view=winners&window=7d&category=a%26b&sort=profit&order=asc");
  assert.deepEqual(parseRoute("?view=nothing&window=1y"), { view: "overview", params: {} });
  assert.deepEqual(parseRoute(`?view=risk&flag=<script>&page=-1&q=${"x".repeat(300)}`), { view: "risk", params: {} });
  assert.equal(href("overview"), "?");
});

// The same values stand in docs/snapshots.md, for whoever writes the files.
test("the bucket of a product is the FNV-1a hash of its id", () => {
  assert.deepEqual(
    ["22423", "85123A", "é"].map((id) => bucketOf(id, 64)),
    [48, 41, 1],
  );
});
