import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoute } from "../src/state/route";
import { answered, contacted, initial, POLL, troubled, went } from "../src/state/store";
import { NOW, overviewAt, statusOf } from "./samples";

const open = () => initial(parseRoute(""));

test("an older status never replaces a newer one", () => {
  let s = contacted(open(), { status: statusOf({ version: 7 }) }, NOW);
  s = contacted(s, { status: statusOf({ version: 6 }) }, NOW + 1);
  assert.equal(s.contact?.status.version.slice(-2), "07");
  assert.equal(s.trouble?.kind, "older");
  s = contacted(s, { status: statusOf({ version: 8 }) }, NOW + 2);
  assert.equal(s.contact?.status.version.slice(-2), "08");
  assert.equal(s.trouble, null);
});

test("an older answer never replaces a newer one", () => {
  let s = answered(open(), "overview", overviewAt(7), NOW);
  s = answered(s, "overview", overviewAt(6), NOW + 1);
  assert.equal(s.answers.get("overview")?.answer?.version.slice(-2), "07");
  assert.equal(s.trouble?.kind, "older");
});

test("the reader may ask for the older state, and only then gets it", () => {
  let s = answered(contacted(open(), { status: statusOf({ version: 7 }) }, NOW), "overview", overviewAt(7), NOW);
  s = contacted({ ...s, acceptOlder: true }, { status: statusOf({ version: 3 }) }, NOW);
  assert.equal(s.contact?.status.version.slice(-2), "03");
  assert.equal(s.answers.size, 0);
  assert.equal(s.acceptOlder, false);
});

test("another ledger is another shop", () => {
  let s = answered(contacted(open(), { status: statusOf({ version: 7 }) }, NOW), "overview", overviewAt(7), NOW);
  s = contacted(s, { status: statusOf({ version: 1, ledger: "/ledgers/b" }) }, NOW);
  assert.equal(s.contact?.status.ledger, "/ledgers/b");
  assert.equal(s.answers.size, 0);
});

test("a failed poll changes nothing but the trouble", () => {
  const s = answered(contacted(open(), { status: statusOf() }, NOW), "overview", overviewAt(5), NOW);
  const failed = troubled(s, { kind: "offline", message: "", of: POLL }, NOW + 1);
  assert.deepEqual({ ...failed, trouble: null }, s);
  // How long it lasts counts from its beginning.
  assert.equal(troubled(failed, { kind: "offline", message: "", of: POLL }, NOW + 9).trouble?.since, NOW + 1);
});

test("a good status does not hide that an answer is bad", () => {
  let s = troubled(open(), { kind: "invalid", message: "", of: "overview" }, NOW);
  s = contacted(s, { status: statusOf() }, NOW);
  assert.equal(s.trouble?.kind, "invalid");
  assert.equal(answered(s, "overview", overviewAt(5), NOW).trouble, null);
  assert.equal(went(s, parseRoute("?view=status"), []).trouble, null);
});

test("a heartbeat counts as seen only where it moved before this page's eyes", () => {
  let s = contacted(open(), { status: statusOf({ beat: 30 }) }, NOW);
  assert.equal(s.beatSeenAt, 0);
  s = contacted(s, { status: statusOf({ beat: 30 }) }, NOW + 5);
  assert.equal(s.beatSeenAt, 0);
  s = contacted(s, { status: statusOf({ beat: 25 }) }, NOW + 10);
  assert.equal(s.beatSeenAt, NOW + 10);
});

test("what is kept in memory is bounded", () => {
  let s = answered(open(), "overview", overviewAt(1), NOW);
  for (let i = 0; i < 1000; i++) s = answered(s, `list?${i}`, overviewAt(1), NOW);
  assert.equal(s.answers.size, 16);
  assert.ok(s.answers.has("overview") && s.answers.has("list?999"));
});
