import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLanguage, localeOf } from "../src/i18n";
import { en } from "../src/i18n/en";
import { fr } from "../src/i18n/fr";

/** Lists every text of a language, with what functions say of one and of many. */
function texts(o: object, path = ""): Map<string, string> {
  const all = new Map<string, string>();
  for (const [name, v] of Object.entries(o)) {
    if (typeof v === "string") all.set(path + name, v);
    else if (typeof v === "function") {
      for (const n of [0, 1, 2, 1_000_000])
        all.set(
          `${path}${name}(${n})`,
          v(
            ...(v.length > 1 && !/^(rows|paretoShare|ageRange|sortedBy)$/.test(name)
              ? [n, `#${n}`]
              : ["#a", "#b", "#c"]),
          ),
        );
    } else for (const [k, t] of texts(v, `${path}${name}.`)) all.set(k, t);
  }
  return all;
}

test("French says all that English says, and says it in French", () => {
  const [english, french] = [texts(en), texts(fr)];
  assert.deepEqual([...french.keys()].sort(), [...english.keys()].sort());
  const same = [...english].filter(([k, t]) => french.get(k) === t && /[a-z]{4}/i.test(t)).map(([k]) => k);
  // Words that are the same in both.
  const shared =
    /^(views\.clients|views\.client|client|lots?|csv|pages|stream|functions\.client-promotions|tiers\.standard|points\(|minimumOf\()/;
  assert.deepEqual(
    same.filter((k) => !shared.test(k)),
    [],
  );
});

test("no text is empty, unfinished, or badly spaced", () => {
  for (const [language, all] of [
    ["en", texts(en)],
    ["fr", texts(fr)],
  ] as const) {
    for (const [k, t] of all) {
      assert.ok(t.trim() !== "" && !/undefined|null|TODO|NaN|\s{2}/.test(t), `${language} ${k}: ${JSON.stringify(t)}`);
      assert.ok(!/'/.test(t), `${language} ${k} has a straight apostrophe: ${t}`);
    }
  }
});

test("French puts its spaces where they do not break", () => {
  for (const [k, t] of texts(fr)) assert.ok(!/ [;:!?»%]|« /.test(t), `${k}: ${t}`);
});

test("one and many differ, and French has no plural of zero", () => {
  assert.equal(en.lotsCount(0, "0"), "0 lots");
  assert.equal(en.lotsCount(1, "1"), "1 lot");
  assert.equal(fr.lotsCount(0, "0"), "0 lot");
  assert.equal(fr.lotsCount(2, "2"), "2 lots");
  assert.equal(fr.waiting(1, "1"), "1 écriture mise de côté et non comptée\u00a0: elle n’a pas pu être appliquée.");
});

test("the language is what was chosen, else the browser's first that is known", () => {
  assert.equal(chooseLanguage(null, ["de-DE", "fr-CA", "en-US"]), "fr");
  assert.equal(chooseLanguage("en", ["fr-FR"]), "en");
  assert.equal(chooseLanguage("xx", ["ja"]), "en");
  assert.equal(localeOf("fr", ["en-US", "fr-CH"]), "fr-CH");
  assert.equal(localeOf("fr", ["en-US"]), "fr-FR");
});
