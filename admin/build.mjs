// Builds dist/: one page, its script with a hash in each name, and the settings that
// `comptoir run` serves. The same sources give the same bytes.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const BUDGET = { script: 25_000, firstView: 45_000 }; // bytes, gzip
const OUT = process.argv[2] ?? "dist";

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const short = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 8);
const squeezed = (bytes) => gzipSync(bytes, { level: 9 }).length;

const common = {
  bundle: true,
  minify: true,
  target: "es2022",
  logLevel: "warning",
  legalComments: "none",
  charset: "utf8",
};
const { metafile, outputFiles } = await build({
  ...common,
  entryPoints: ["src/main.tsx"],
  format: "esm",
  splitting: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  outdir: OUT,
  entryNames: "assets/[name]-[hash]",
  chunkNames: "assets/[name]-[hash]",
  metafile: true,
  write: false,
});
const css = await build({ ...common, entryPoints: ["css/main.css"], write: false });
rmSync(OUT, { recursive: true, force: true });
mkdirSync(`${OUT}/assets`, { recursive: true });
for (const file of outputFiles) writeFileSync(file.path, file.contents);
const style = css.outputFiles[0].text.trim();
const theme =
  'try{let t=localStorage["comptoir.theme"];if(t=="light"||t=="dark")document.documentElement.dataset.theme=t}catch{}';

const outputs = Object.entries(metafile.outputs).filter(([file]) => file.endsWith(".js"));
const name = (file) => relative(OUT, file).replaceAll("\\", "/");
const [mainFile, main] = outputs.find(([, o]) => o.entryPoint === "src/main.tsx");
const statics = main.imports.filter((i) => i.kind === "import-statement").map((i) => i.path);
const english = outputs.find(([, o]) => o.entryPoint === "src/i18n/en.ts")[0];
const french = outputs.find(([, o]) => o.entryPoint === "src/i18n/fr.ts")[0];

const icon = readFileSync("icon.svg");
const iconName = `assets/icon-${short(icon)}.svg`;
writeFileSync(`${OUT}/${iconName}`, icon);

// Styles and scripts are named by their hashes, so nothing else can run; answers may come
// from anywhere that config.json names, and only over TLS from elsewhere.
const csp = [
  "default-src 'none'",
  `script-src 'self' ${hash(theme)}`,
  `style-src ${hash(style)}`,
  "img-src 'self'",
  "connect-src 'self' https: http://localhost:* http://127.0.0.1:*",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const html = readFileSync("index.html", "utf8")
  .replace("%CSP%", () => csp)
  .replace("%ICON%", () => iconName)
  .replace("%STYLE%", () => style)
  .replace("%THEME%", () => theme)
  .replace("%PRELOADS%", () => statics.map((f) => `<link rel="modulepreload" href="${name(f)}">`).join(""))
  .replace("%MAIN%", () => name(mainFile))
  .replace(/>\s+</g, "><");
writeFileSync(`${OUT}/index.html`, html);
writeFileSync(`${OUT}/config.json`, `${JSON.stringify({ source: "api", url: "." })}\n`);

// The first view: the page, the script that it starts with, one language, the settings.
const language = Math.max(...[english, french].map((f) => squeezed(readFileSync(f))));
const script = [mainFile, ...statics].reduce((n, f) => n + squeezed(readFileSync(f)), 0) + language;
const firstView = script + squeezed(Buffer.from(html)) + squeezed(icon) + 64;
for (const [file] of outputs) console.log(`${String(squeezed(readFileSync(file))).padStart(7)}  ${name(file)}`);
console.log(`${String(script).padStart(7)}  script of the first view, gzip (at most ${BUDGET.script})`);
console.log(`${String(firstView).padStart(7)}  first view in all, gzip (at most ${BUDGET.firstView})`);
if (script > BUDGET.script || firstView > BUDGET.firstView) {
  console.error("The page is heavier than its budget: load later what the first view does not need.");
  process.exit(1);
}
