import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, exact, moneyCell, percentCell } from "../src/format/csv";
import { decimal, makeFormat } from "../src/format/format";

const NARROW = "\u202f";
const NBSP = "\u00a0";

test("minor units become decimals exactly", () => {
  for (const [minor, digits, want] of [
    [123450, 2, "1234.50"],
    [-5, 2, "-0.05"],
    [0, 2, "0.00"],
    [7, 0, "7"],
    [1234567, 3, "1234.567"],
    [9007199254740991, 2, "90071992547409.91"],
  ] as const) {
    assert.equal(decimal(minor, digits), want);
  }
});

test("money is written as each language writes it", () => {
  const fr = makeFormat("fr-FR", "EUR");
  assert.equal(fr.money(123456), `1${NARROW}234,56${NBSP}€`);
  assert.equal(fr.amount(-123456), `-1${NARROW}234,56`);
  assert.equal(makeFormat("en-GB", "GBP").money(123450), "£1,234.50");
  assert.equal(makeFormat("en-GB", "JPY").money(1234), "¥1,234");
  assert.equal(makeFormat("fr-FR", "TND").amount(1234567), `1${NARROW}234,567`);
  assert.equal(makeFormat("en-GB", "GBP").money(9007199254740991), "£90,071,992,547,409.91");
});

test("the minor digits are those of ISO 4217, also where the locale's data say otherwise", () => {
  assert.equal(makeFormat("en-GB", "IQD").amount(1234), "1.234");
  assert.equal(makeFormat("en-GB", "MGA").amount(1234), "12.34");
});

test("ratios, days and spans of time", () => {
  const fr = makeFormat("fr-FR", "EUR");
  // Releases of Intl differ in which of the two spaces they put; neither breaks.
  assert.match(fr.percent(4170), /^41,7[\u202f\u00a0]%$/);
  assert.match(fr.change(-50), /^-0,5[\u202f\u00a0]%$/);
  assert.equal(fr.date("2011-12-09"), "9 déc. 2011");
  const en = makeFormat("en-GB", "GBP");
  assert.equal(en.change(3330), "+33.3%");
  assert.equal(en.points(240), "+2.4");
  assert.equal(en.ago(0, 90_000), "1 minute ago");
  assert.equal(fr.ago(0, 7_200_000), "il y a 2 heures");
});

test("a day is a date, wherever the reader is", () => {
  const zone = process.env.TZ;
  for (const tz of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
    process.env.TZ = tz;
    assert.equal(makeFormat("en-GB", "GBP").date("2011-12-09"), "9 Dec 2011");
  }
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

test("a file for a French Excel", () => {
  const text = csv(
    "fr-FR",
    ["Article", "Bénéfice (EUR)"],
    [
      ["Théière ; bleue", moneyCell(123456, "EUR")],
      ['dite "la grande"', moneyCell(-5, "EUR")],
      ["=1+1", percentCell(4170)],
      ["@lien", exact(2.5)],
      ["-rabais", exact(-3)],
      ["ligne\r\ncoupée", null],
    ],
  );
  assert.equal(
    text,
    "\ufeffArticle;Bénéfice (EUR)\r\n" +
      '"Théière ; bleue";1234,56\r\n' +
      '"dite ""la grande""";-0,05\r\n' +
      "'=1+1;41,70\r\n" +
      "'@lien;2,5\r\n" +
      "'-rabais;-3\r\n" +
      '"ligne\r\ncoupée";\r\n',
  );
});

test("a file for an English Excel", () => {
  assert.equal(csv("en-GB", ["a"], [["x, y", { decimal: "1.50" }]]), '\ufeffa\r\n"x, y",1.50\r\n');
});
