// What was typed and not yet recorded survives a reload, and a restart of the browser or
// the process: it stays in this browser, with the key under which it would be recorded.
import type { Lines } from "./document";
import { type Draft, draftsOf, drop, own, ownKey, takeBack, throwAway, thrown, write } from "./store";
import { claim } from "./tabs";

export async function keepDraft(form: HTMLFormElement, lines?: Lines): Promise<void> {
  const name = form.dataset.draft ?? "";
  const fresh = form.dataset.fresh !== undefined;
  const hidden = (field: string): HTMLInputElement | null => form.querySelector(`input[type=hidden][name="${field}"]`);
  const key = hidden("key");
  if (!key) return;
  const initial = fresh ? JSON.stringify(fieldsOf()) : "";
  const untouched = () => JSON.stringify(fieldsOf()) === initial;
  let timer = 0;

  function fieldsOf(): [string, string][] {
    return [...new FormData(form)].flatMap(([field, value]) =>
      typeof value === "string" && field !== "key" ? [[field, value] as [string, string]] : [],
    );
  }

  const now = (sent: boolean): Draft => ({ key: key.value, form: name, at: Date.now(), sent, fields: fieldsOf() });

  function keep(sent: boolean): void {
    clearTimeout(timer);
    timer = 0;
    if (!sent && untouched()) {
      drop(key?.value ?? "");
      return;
    }
    const draft = now(sent);
    write(draft);
    own(name, draft.key);
  }

  function fill(draft: Draft, fields: [string, string][]): void {
    lines?.have(fields.filter(([field]) => field === "product").length);
    const seen = new Map<string, number>();
    if (key) key.value = draft.key;
    for (const box of form.querySelectorAll<HTMLInputElement>("input[type=checkbox]")) box.checked = false;
    for (const [field, value] of fields) {
      const at = seen.get(field) ?? 0;
      seen.set(field, at + 1);
      const inputs = form.querySelectorAll<HTMLInputElement | HTMLSelectElement>(`[name="${CSS.escape(field)}"]`);
      const input = inputs[at];
      if (input instanceof HTMLInputElement && input.type === "checkbox") input.checked = true;
      else if (input) input.value = value;
    }
    lines?.reckon();
  }

  async function restore(draft: Draft): Promise<void> {
    const numbers = draft.fields.find(([field]) => field === "numbers")?.[1];
    const fields = numbers === hidden("numbers")?.value ? undefined : await rewritten(draft.fields);
    fill(draft, fields ?? draft.fields);
    own(name, draft.key);
    say("[data-restored]", true);
  }

  function say(what: string, shown: boolean): void {
    const told = form.querySelector<HTMLElement>(what);
    if (told) told.hidden = !shown;
  }

  function offerBack(draft: Draft): void {
    say("[data-thrown]", true);
    form.querySelector("[data-thrown] [data-undo]")?.addEventListener("click", () => {
      if (timer) keep(false); // what was begun since is kept as a draft of its own
      takeBack(draft);
      say("[data-thrown]", false);
      void claim(draft.key, true);
      void restore(draft).then(() => form.querySelector<HTMLElement>("input:not([type=hidden])")?.focus());
    });
  }

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => keep(false), 200);
  };
  form.addEventListener("input", later);
  form.addEventListener("typed", later);
  form.addEventListener("submit", () => keep(true));
  addEventListener("pagehide", () => {
    if (timer && !form.dataset.sending) keep(false);
  });
  form.querySelector("[data-discard]")?.addEventListener("click", () => {
    clearTimeout(timer);
    timer = 0;
    throwAway(now(false));
    location.assign(name);
  });

  if (!fresh) {
    const sent = ownKey(name);
    if (sent !== key.value) drop(sent); // it was another form's, and this one has a new one
    keep(false); // it came back with faults: it is still to be recorded
    void claim(key.value, true);
    return;
  }
  const away = thrown(name);
  if (away) offerBack(away);
  const had = ownKey(name);
  for (const draft of draftsOf(name)) {
    if (away && draft.key !== had) continue; // who begins anew asked for no other one
    if (!(await claim(draft.key, draft.key === had))) continue;
    if (!untouched()) break; // somebody types already; the draft waits for the next form
    await restore(draft);
    return;
  }
  void claim(key.value, true);
}

/**
 * Fields as they are written in the language of the page, where a draft is of another one;
 * undefined where some number cannot be read: it then stays as it was typed, and is read so.
 */
async function rewritten(fields: [string, string][]): Promise<[string, string][] | undefined> {
  try {
    const answer = await fetch("/numbers", {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Accept: "application/json" },
    });
    if (!answer.ok || answer.redirected) return undefined;
    const told = (await answer.json()) as Record<string, string[]> | null;
    if (!told) return undefined;
    const seen = new Map<string, number>();
    return fields.map(([field, value]) => {
      const at = seen.get(field) ?? 0;
      seen.set(field, at + 1);
      return [field, told[field]?.[at] ?? value];
    });
  } catch {
    return undefined;
  }
}
