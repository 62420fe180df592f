// The form of a sale or a return: its lines, and what it comes to while it is typed.
// Nothing is reckoned here: the ledger's own rules answer.
import { CHOSEN, type Proposal, proposeIn } from "./combobox";
import { openPreview } from "./preview";

export interface Lines {
  /** Has as many lines as are wanted, and no others. */
  have(n: number): void;
  /** Asks what the form comes to. */
  reckon(): void;
}

interface Removed {
  line: HTMLElement;
  at: number;
  instead: HTMLElement | undefined; // the empty one that took the place of the last
}

export function openDocument(form: HTMLFormElement): Lines {
  const box = form.querySelector<HTMLElement>(".lines");
  const blank = form.querySelector<HTMLTemplateElement>("#line")?.content.firstElementChild;
  const all = (): HTMLElement[] => [...form.querySelectorAll<HTMLElement>("[data-line]")];
  const input = (line: Element | null | undefined, name: string): HTMLInputElement | null =>
    line?.querySelector<HTMLInputElement>(`[name="${name}"]`) ?? null;

  function add(): HTMLElement | undefined {
    if (!box || !blank) return undefined;
    const line = document.importNode(blank, true) as HTMLElement;
    box.append(line);
    for (const field of line.querySelectorAll<HTMLInputElement>("input[data-find]")) proposeIn(field);
    renumber();
    return line;
  }

  function renumber(): void {
    for (const [i, line] of all().entries()) {
      const from = line.dataset.line;
      const to = String(i + 1);
      if (from === to) continue;
      line.dataset.line = to;
      line.ariaLabel = line.ariaLabel?.replace(/\d+$/, to) ?? null;
      for (const e of line.querySelectorAll("[id], [for], [aria-describedby]"))
        for (const name of ["id", "for", "aria-describedby"]) {
          const value = e.getAttribute(name);
          if (value && !value.startsWith("proposals"))
            e.setAttribute(name, value.replaceAll(new RegExp(`-${from}\\b`, "g"), `-${to}`));
        }
    }
  }

  /** Goes on to the next line, which is made where there is none. */
  function next(line: Element): void {
    const following = all()[all().indexOf(line as HTMLElement) + 1] ?? add();
    input(following, "product")?.focus();
  }

  const removed: Removed[] = [];
  const told = form.querySelector<HTMLElement>("[data-removed]");
  const typedIn = (line: HTMLElement): boolean => [...line.querySelectorAll("input")].some((i) => i.value !== "");

  function remove(line: HTMLElement): void {
    const at = all().indexOf(line);
    line.remove();
    const instead = all().length === 0 ? add() : undefined;
    if (typedIn(line)) removed.push({ line, at, instead });
    if (told) told.hidden = removed.length === 0;
    renumber();
    input(all()[Math.min(at, all().length - 1)], "product")?.focus();
    changed();
  }

  /** Brings the line back that was taken out last, as it was and where it was. */
  function bringBack(): void {
    const last = removed.pop();
    if (!last) return;
    if (last.instead && !typedIn(last.instead)) last.instead.remove();
    const following = all()[last.at];
    if (following) following.before(last.line);
    else box?.append(last.line);
    if (told) told.hidden = removed.length === 0;
    renumber();
    input(last.line, "product")?.focus();
    changed();
  }
  told?.querySelector("[data-undo]")?.addEventListener("click", bringBack);

  form.addEventListener(CHOSEN, (e) => {
    const p = (e as CustomEvent<Proposal>).detail;
    const field = e.target as HTMLInputElement;
    const line = field.closest("[data-line]");
    changed();
    if (!line) return;
    for (const [name, value] of [
      ["price", p.price ?? ""],
      ["tax", p.tax ?? ""],
    ] as const) {
      const to = input(line, name);
      if (to && (to.value === "" || to.value === to.dataset.proposed)) {
        to.value = value;
        to.dataset.proposed = value;
      }
    }
    const name = line.querySelector("[data-name]");
    if (name) name.textContent = p.name;
    const quantity = input(line, "quantity");
    if (!quantity) return;
    quantity.value ||= "1";
    quantity.focus();
    quantity.select();
  });

  form.addEventListener("keydown", (e) => {
    const field = e.target as HTMLElement;
    const line = field.closest<HTMLElement>("[data-line]");
    if (line && e.altKey && !e.shiftKey && e.key === "Backspace") {
      e.preventDefault();
      remove(line);
    }
    if (e.key !== "Enter" || e.ctrlKey || e.metaKey || e.isComposing || !(field instanceof HTMLInputElement)) return;
    e.preventDefault();
    if (!line) after(field)?.focus();
    else if (field.name === "product" && field.value.trim() === "") primary()?.focus();
    else if (field.name === "product") input(line, "quantity")?.focus();
    else next(line);
  });

  const primary = (): HTMLButtonElement | null => form.querySelector<HTMLButtonElement>("button.primary");

  function after(field: HTMLElement): HTMLElement | undefined {
    const stops = [...form.querySelectorAll<HTMLElement>("input:not([type=hidden]), select, button.primary")];
    return stops.slice(stops.indexOf(field) + 1).find((s) => s.offsetParent !== null);
  }

  form.addEventListener("click", (e) => {
    const button = (e.target as Element).closest("button");
    const line = button?.closest<HTMLElement>("[data-line]");
    if (button?.matches("[data-remove]") && line) remove(line);
    if (button?.matches("[data-add]")) input(add(), "product")?.focus();
  });

  const preview = openPreview(form, all);

  function changed(): void {
    preview.soon();
    form.dispatchEvent(new Event("typed"));
  }

  form.addEventListener("input", changed);
  form.addEventListener("focusout", changed);

  return {
    have(n) {
      while (all().length < n) add();
      for (const line of all().slice(n)) line.remove();
    },
    reckon: preview.now,
  };
}
