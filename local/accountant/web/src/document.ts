// The form of a sale or a return: its lines, and what it comes to while it is typed.
// Nothing is reckoned here: the ledger's own rules answer.
import { CHOSEN, type Proposal, proposeIn } from "./combobox";

interface Preview {
  lines: { name: string; net: string; warnings: string[] | null }[];
  totals: { Label: string; Amount: string }[] | null;
  total: string;
  faults: Record<string, string>;
  future: boolean;
}

export interface Lines {
  /** Makes as many lines as are wanted. */
  have(n: number): void;
  /** Asks what the form comes to. */
  reckon(): void;
}

const PAUSE = 120; // ms without a key before the ledger is asked

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

  function remove(line: HTMLElement): void {
    const at = all().indexOf(line);
    line.remove();
    if (all().length === 0) add();
    renumber();
    input(all()[Math.min(at, all().length - 1)], "product")?.focus();
    changed();
  }

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
    if (line && e.altKey && e.key === "Backspace") {
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

  let timer = 0;
  let asked: AbortController | undefined;

  function changed(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void reckon(), PAUSE);
    form.dispatchEvent(new Event("typed"));
  }

  async function reckon(): Promise<void> {
    asked?.abort();
    const question = new AbortController();
    asked = question;
    const sent = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") sent.append(name, value);
    try {
      const answer = await fetch(form.dataset.preview ?? "", {
        method: "POST",
        body: sent,
        signal: question.signal,
        headers: { Accept: "application/json" },
      });
      if (answer.ok && !answer.redirected) show((await answer.json()) as Preview);
    } catch {
      // What is typed stays. Recording says what is wrong.
    }
  }

  function show(p: Preview): void {
    for (const [i, line] of all().entries()) {
      const told = p.lines[i];
      const name = line.querySelector("[data-name]");
      const net = line.querySelector("[data-net]");
      if (name) name.textContent = told?.name ?? "";
      if (net) net.textContent = told?.net ?? "";
      line.querySelector("[data-warnings]")?.replaceChildren(
        ...(told?.warnings ?? []).map((text) => {
          const warning = document.createElement("span");
          warning.textContent = text;
          return warning;
        }),
      );
    }
    form.querySelector("[data-totals]")?.replaceChildren(
      ...(p.totals ?? []).map((t) => {
        const row = document.createElement("div");
        const label = document.createElement("dt");
        const amount = document.createElement("dd");
        label.textContent = t.Label;
        amount.textContent = t.Amount;
        row.append(label, amount);
        return row;
      }),
    );
    const total = form.querySelector("[data-total]");
    if (total && total.textContent !== (p.total || "–")) total.textContent = p.total || "–";
    const ahead = form.querySelector<HTMLElement>("#ahead");
    if (ahead) ahead.hidden = !p.future;
    const wrong = form.querySelector<HTMLElement>("#faults");
    if (wrong && Object.keys(p.faults).length === 0) wrong.hidden = true;
    for (const told of form.querySelectorAll<HTMLElement>(".fault")) tell(told, p.faults);
  }

  /** Shows or takes away what is wrong with a field; nobody is told off while still typing. */
  function tell(told: HTMLElement, faults: Record<string, string>): void {
    const field = document.getElementById(told.id.replace(/-fault$/, "")) as HTMLInputElement | null;
    const text = (field && faults[field.id]) ?? "";
    if (!field || (text && told.hidden && (field.value.trim() === "" || field === document.activeElement))) return;
    told.textContent = text;
    told.hidden = text === "";
    field.ariaInvalid = text ? "true" : null;
    field.closest(".field")?.classList.toggle("wrong", text !== "");
  }

  form.addEventListener("input", changed);
  form.addEventListener("focusout", changed);

  return {
    have(n) {
      while (all().length < n) add();
    },
    reckon: () => void reckon(),
  };
}
