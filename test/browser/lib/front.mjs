// A file server as an object store is one: it knows no index document and no rewrite,
// and serves the page from a folder below its root. Beside it stands the query API,
// which it can lose, garble, or answer from a recording of what it answered before.
import { createServer, request } from "node:http";
import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";

const PAGE = new URL("../../../admin/dist", import.meta.url).pathname;
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", json: "application/json", svg: "image/svg+xml" };

export async function openFront(api, config, folders = {}) {
  const front = {
    /** through · gone · rubbish (a hotel's log-in page) · shape (JSON of something else) · recorded */
    mode: "through",
    recorded: new Map(),
    asked: [],
    config,
  };
  const server = createServer((req, res) => {
    const url = new URL(req.url, "http://front");
    if (url.pathname.startsWith("/bucket/api/")) answer(req, res, url.pathname.slice("/bucket/api".length) + url.search);
    else if (url.pathname.startsWith("/bucket/page/")) void file(res, url.pathname.slice("/bucket/page/".length));
    else refuse(res);
  });

  function refuse(res, status = 404) {
    res.writeHead(status, { "Content-Type": "text/plain" });
    res.end("no such object");
  }

  async function file(res, name) {
    if (name === "config.json") {
      res.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-cache" });
      res.end(JSON.stringify(front.config));
      return;
    }
    const [folder] = name.split("/");
    const root = folders[folder] ? join(folders[folder], "..") : PAGE;
    try {
      const body = await readFile(join(root, normalize(name)));
      res.writeHead(200, { "Content-Type": TYPES[name.split(".").at(-1)] ?? "application/octet-stream" });
      res.end(body);
    } catch {
      refuse(res);
    }
  }

  function answer(req, res, path) {
    front.asked.push(path);
    if (front.mode === "gone") {
      res.destroy();
      return;
    }
    if (front.mode === "rubbish") {
      res.writeHead(200, { "Content-Type": "text/html" });
      res.end("<html>Please accept the terms of this Wi-Fi.</html>");
      return;
    }
    if (front.mode === "shape") {
      res.writeHead(200, { "Content-Type": "application/json" });
      res.end('{"version":"2","items":[]}');
      return;
    }
    const kept = front.recorded.get(path);
    if (front.mode === "recorded" && kept) {
      res.writeHead(200, { "Content-Type": "application/json" });
      res.end(kept);
      return;
    }
    const up = request(new URL(path, api), { method: req.method, headers: { ...req.headers, host: new URL(api).host } }, (got) => {
      res.writeHead(got.statusCode, got.headers);
      got.pipe(res);
    });
    up.on("error", () => res.destroy());
    up.end();
  }

  server.listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  front.origin = `http://127.0.0.1:${server.address().port}`;
  front.url = `${front.origin}/bucket/page/index.html`;
  front.api = `${front.origin}/bucket/api/`;
  /** Keeps what the API answers now, to be answered later in its place. */
  front.record = async (...paths) => {
    for (const path of paths) front.recorded.set(path, await (await fetch(new URL(path, api))).text());
  };
  front.close = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return front;
}
