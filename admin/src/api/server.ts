import { checkAnswer, checkStatus } from "./check";
import { readJSON, type Token } from "./fetch";
import type { Answer, Contact, ListQuery, Source, Wanted } from "./source";
import type { ListName, Page } from "./types";

const MOST = 1000; // items that the API gives at once
const MAX_PAGES = 1000;

/** The query API as a source. base is its address, with a slash at the end. */
export function serverSource(base: string, token: Token): Source {
  const read = (path: string) => readJSON(`${base}v1/${path}`, token);

  async function get(w: Wanted): Promise<Answer> {
    return checkAnswer(w, await read(pathOf(w)));
  }

  async function all<L extends ListName>(list: L, query: ListQuery): Promise<Page<L>["items"]> {
    const items: Page<L>["items"] = [];
    let next: string | null = "";
    for (let n = 0; next !== null && n < MAX_PAGES; n++) {
      const asked: ListQuery = next ? { ...query, cursor: next } : query;
      const page = (await get({ kind: "list", list, query: asked, span: { offset: 0, limit: MOST } })) as Page<L>;
      items.push(...page.items);
      next = page.next;
    }
    return items;
  }

  return { poll: async (): Promise<Contact> => ({ status: checkStatus(await read("status")) }), get, all };
}

function pathOf(w: Wanted): string {
  switch (w.kind) {
    case "overview":
      return "overview";
    case "item":
      return `${w.list}/${encodeURIComponent(w.id)}`;
    case "list": {
      const p = new URLSearchParams(w.query);
      p.set("limit", String(w.span.limit));
      if (w.span.offset > 0) p.set("offset", String(w.span.offset));
      return `${w.list}?${p}`;
    }
  }
}
