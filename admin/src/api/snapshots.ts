import { checkAnswer, checkStatus } from "./check";
import { readJSON, type Token } from "./fetch";
import { pageOf, select } from "./rows";
import type { Answer, Contact, ListQuery, Source, Wanted } from "./source";
import { Fault } from "./source";
import type { Client, ListName, Page, RiskDetail, WinnerDetail } from "./types";

// Snapshot files as a source: docs/snapshots.md says what they are.

interface Index extends Contact {
  files: Record<string, string>;
  buckets: number;
}

type Bucket = Record<string, { winner?: object; risk?: object }>;

/** How many whole lists and buckets are kept in memory. */
const KEPT = 6;

export function snapshotSource(base: string, token: Token): Source {
  let index: Index | null = null;
  const kept = new Map<string, Promise<unknown>>();

  let reading: Promise<Contact> | null = null;

  function poll(): Promise<Contact> {
    reading ??= readIndexFile().finally(() => {
      reading = null;
    });
    return reading;
  }

  async function readIndexFile(): Promise<Contact> {
    index = readIndex(await readJSON(`${base}index.json`, token));
    return index;
  }

  // A file never changes under its name, so the browser need not ask again.
  function file(name: string): Promise<unknown> {
    const path = index?.files[name];
    if (!path) throw new Fault("absent", `The snapshots have no ${name}.`);
    const had = kept.get(path);
    if (had) return had;
    const content = readJSON(base + path, token, "default");
    content.catch(() => kept.delete(path));
    kept.set(path, content);
    for (const old of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(old);
    }
    return content;
  }

  async function whole<L extends ListName>(list: L, query: ListQuery): Promise<Page<L>> {
    const name = list === "product-winners" ? `${list}/${query.window || "30d"}` : list;
    const wanted: Wanted = { kind: "list", list, query, span: { offset: 0, limit: 0 } };
    return checked(await file(name), wanted) as Page<L>;
  }

  const passed = new WeakSet<object>(); // files that were checked already

  function checked(v: unknown, wanted: Wanted): Answer {
    if (typeof v === "object" && v !== null && passed.has(v)) return v as Answer;
    const answer = checkAnswer(wanted, v);
    passed.add(answer);
    return answer;
  }

  async function get(w: Wanted): Promise<Answer> {
    if (!index) await poll();
    switch (w.kind) {
      case "overview":
        return checkAnswer(w, await file("overview"));
      case "list":
        return pageOf(w.list, await whole(w.list, w.query), w.query, w.span);
      case "item":
        return w.list === "client-promotions" ? client(w.id) : product(w, w.list);
    }
  }

  async function client(id: string): Promise<Answer> {
    const { items, version, business_date, currency } = await whole("client-promotions", {});
    const found = items.find((c: Client) => c.client_id === id);
    if (!found) throw new Fault("absent", "There is no such client.");
    return { version, business_date, currency, missing_events: 0, ...found };
  }

  async function product(w: Wanted & { kind: "item" }, list: "product-winners" | "loss-risk"): Promise<Answer> {
    const at = index; // the one that names the file; another may come while it is read
    if (!at) throw new Fault("absent", "There are no snapshots.");
    const bucket = (await file(`products/${bucketOf(w.id, at.buckets)}`)) as Bucket;
    const found = Object.hasOwn(bucket, w.id) ? bucket[w.id]?.[list === "loss-risk" ? "risk" : "winner"] : undefined;
    if (!found) throw new Fault("absent", "There is no such product.");
    // A bucket names no version: it stays as it is while only other products change.
    const { version, business_date, currency } = at.status;
    return checkAnswer(w, { ...found, version, business_date, currency }) as WinnerDetail | RiskDetail;
  }

  return {
    poll,
    get,
    all: async <L extends ListName>(list: L, query: ListQuery) => {
      if (!index) await poll();
      return select(list, await whole(list, query), query);
    },
  };
}

/** Returns the bucket of a product: the 32-bit FNV-1a hash of its id in UTF-8, modulo their number. */
export function bucketOf(id: string, buckets: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % buckets;
}

function readIndex(v: unknown): Index {
  const bad = () => new Fault("invalid", "index.json has not the form that this page understands.");
  if (typeof v !== "object" || v === null) throw bad();
  const { version, published_at, every, status, files, buckets } = v as Record<string, unknown>;
  const publishedAt = typeof published_at === "string" ? Date.parse(published_at) : Number.NaN;
  if (!Number.isFinite(publishedAt) || typeof files !== "object" || files === null) throw bad();
  if (!Object.values(files).every((f) => typeof f === "string" && /^[0-9a-f]{16,64}\.json$/.test(f))) throw bad();
  if (every !== null && (typeof every !== "number" || every <= 0)) throw bad();
  if (typeof buckets !== "number" || !Number.isInteger(buckets) || buckets < 1) throw bad();
  const checked = checkStatus(status);
  if (checked.version !== version) throw bad();
  return { status: checked, publishedAt, every, files: files as Record<string, string>, buckets };
}
