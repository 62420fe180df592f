// Builds dist/: one script and one style sheet, which Go serves under names with a hash.
// The same sources give the same bytes.
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const BUDGET = 15_000; // bytes of script, gzip
const OUT = process.argv[2] ?? "dist";

mkdirSync(OUT, { recursive: true });
await build({
  entryPoints: [
    { in: "src/main.ts", out: "app" },
    { in: "css/main.css", out: "app" },
  ],
  outdir: OUT,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
  legalComments: "none",
  charset: "utf8",
}).catch(() => process.exit(1));
copyFileSync("../../../admin/icon.svg", `${OUT}/icon.svg`);
const weight = gzipSync(readFileSync(`${OUT}/app.js`), { level: 9 }).length;
console.log(`${weight} bytes of script, gzip (at most ${BUDGET})`);
if (weight > BUDGET) process.exit(1);
