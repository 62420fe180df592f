// What a form comes to while it is typed. Nothing is reckoned here: the ledger's own
// rules answer, and where they do not, no figure is shown that may be an old one.
interface Told {
  lines: { name: string; net: string; warnings: string[] | null }[];
  totals: { Label: string; Amount: string }[] | null;
  total: string;
  faults: Record<string, string>;
  future: boolean;
}

export interface Preview {
  /** Asks once nobody types for a moment. */
  soon(): void;
  now(): void;
}

const PAUSE = 120; // ms without a key before the ledger is asked
const PATIENCE = 1_000; // ms for which figures may be those of what was typed before
const AGAIN = 2_000; // ms before it is asked anew
const HUNG = 10_000; // ms for which an answer that is late is waited for
const NONE = "–";

export function openPreview(form: HTMLFormElement, all: () => HTMLElement[]): Preview {
  let timer = 0;
  let late = 0;
  let asked: AbortController | undefined;

  function soon(pause = PAUSE): void {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), pause);
  }

  async function ask(): Promise<void> {
    clearTimeout(timer);
    asked?.abort();
    const question = new AbortController();
    asked = question;
    late ||= setTimeout(() => {
      blank("[data-silent]");
      soon(HUNG);
    }, PATIENCE);
    const sent = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") sent.append(name, value);
    try {
      const answer = await fetch(form.dataset.preview ?? "", {
        method: "POST",
        body: sent,
        signal: question.signal,
        headers: { Accept: "application/json" },
      });
      if (answer.redirected) {
        blank("[data-signed-out]"); // the app answers, but no longer to this browser
        soon(AGAIN);
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      show((await answer.json()) as Told);
      settle();
    } catch {
      if (question.signal.aborted) return; // a later question is on its way
      blank("[data-silent]");
      soon(AGAIN);
    }
  }

  function settle(): void {
    clearTimeout(late);
    late = 0;
    for (const why of form.querySelectorAll<HTMLElement>("[data-silent], [data-signed-out]")) why.hidden = true;
  }

  /** Takes away figures that may not be those of what stands in the form, and says why. */
  function blank(reason: string): void {
    settle();
    late = -1; // it is said already
    for (const line of all()) {
      const net = line.querySelector("[data-net]");
      if (net?.textContent) net.textContent = NONE;
      line.querySelector("[data-warnings]")?.replaceChildren();
    }
    form.querySelector("[data-totals]")?.replaceChildren();
    const total = form.querySelector("[data-total]");
    if (total && total.textContent !== NONE) total.textContent = NONE;
    const why = form.querySelector<HTMLElement>(reason);
    if (why) why.hidden = false;
  }

  function show(p: Told): void {
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
    if (total && total.textContent !== (p.total || NONE)) total.textContent = p.total || NONE;
    const ahead = form.querySelector<HTMLElement>("#ahead");
    if (ahead) ahead.hidden = !p.future;
    const wrong = form.querySelector<HTMLElement>("#faults:not([data-stays])");
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

  addEventListener("online", () => void ask());
  return { soon: () => soon(), now: () => void ask() };
}
