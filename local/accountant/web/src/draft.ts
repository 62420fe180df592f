// What was typed and not yet recorded survives a reload, and a restart of the
// process: it stays in this browser, with the key under which it would be recorded.
import type { Lines } from "./document";

interface Draft {
  key: string;
  at: number; // ms since 1970
  sent: boolean;
  fields: [string, string][];
}

const PREFIX = "comptoir.draft.";
const KEPT = 30 * 86_400_000;

function read(name: string): Draft | undefined {
  try {
    const draft = JSON.parse(localStorage.getItem(name) ?? "null") as Draft | null;
    if (draft && Array.isArray(draft.fields) && Date.now() - draft.at < KEPT) return draft;
  } catch {
    // What another version left is not understood, and is overwritten.
  }
  return undefined;
}

function write(name: string, draft: Draft | undefined): void {
  try {
    if (draft) localStorage.setItem(name, JSON.stringify(draft));
    else localStorage.removeItem(name);
  } catch {
    // A browser that keeps nothing loses drafts, and nothing else.
  }
}

/** Forgets the drafts that became entries: the page that is shown says so. */
export function forgetSent(): void {
  for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX) && read(name)?.sent) write(name, undefined);
}

export function keepDraft(form: HTMLFormElement, lines?: Lines): void {
  const name = PREFIX + form.dataset.draft;
  const fresh = form.dataset.fresh !== undefined;
  const initial = fresh ? JSON.stringify(fieldsOf()) : "";
  let timer = 0;

  function fieldsOf(): [string, string][] {
    return [...new FormData(form)].flatMap(([field, value]) =>
      typeof value === "string" && field !== "key" ? [[field, value] as [string, string]] : [],
    );
  }

  function keep(sent: boolean): void {
    clearTimeout(timer);
    const fields = fieldsOf();
    const key = form.querySelector<HTMLInputElement>('[name="key"]')?.value ?? "";
    write(name, !sent && JSON.stringify(fields) === initial ? undefined : { key, at: Date.now(), sent, fields });
  }

  function restore(draft: Draft): void {
    lines?.have(draft.fields.filter(([field]) => field === "product").length);
    const seen = new Map<string, number>();
    const key = form.querySelector<HTMLInputElement>('[name="key"]');
    if (key) key.value = draft.key;
    for (const [field, value] of draft.fields) {
      const at = seen.get(field) ?? 0;
      seen.set(field, at + 1);
      const inputs = form.querySelectorAll<HTMLInputElement | HTMLSelectElement>(`[name="${CSS.escape(field)}"]`);
      const input = inputs[at];
      if (input instanceof HTMLInputElement && input.type === "checkbox") input.checked = true;
      else if (input) input.value = value;
    }
    const told = form.querySelector<HTMLElement>("[data-restored]");
    if (told) told.hidden = false;
    lines?.reckon();
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
    write(name, undefined);
    location.assign(form.dataset.draft ?? location.pathname);
  });
  if (!fresh) keep(false); // it came back with faults: it is still to be recorded
  const draft = fresh ? read(name) : undefined;
  if (draft) restore(draft);
}
