// Runs the browser tests: first those that say whether it works, side by side; then, when
// the machine is theirs, those that say what it takes.
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { loadYear } from "./lib/year.mjs";

function run(files, env) {
  return new Promise((done) => {
    const p = spawn(process.execPath, ["--test", "--test-reporter=spec", ...files], { stdio: "inherit", env: { ...process.env, ...env } });
    p.once("exit", (code) => done(code ?? 1));
  });
}

const started = Date.now();
const { data, load } = loadYear();
const env = { COMPTOIR_YEAR: data };
try {
  const checks = ["live", "states", "accountant", "accountant-drafts", "accountant-import", "accountant-layout"].map((name) => `${name}.test.mjs`);
  const [first] = await Promise.all([run(checks, {}), load()]);
  const views = await run(["views.test.mjs"], env);
  const speed = await run(["speed.test.mjs"], env);
  console.log(`the browser tests took ${Math.round((Date.now() - started) / 1000)} s`);
  process.exitCode = first || views || speed;
} finally {
  rmSync(data, { recursive: true, force: true });
}
