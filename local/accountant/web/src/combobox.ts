// A field that proposes while something is typed in it: the combobox with a list and
// automatic selection of the ARIA Authoring Practices.
export interface Proposal {
  id: string;
  name: string;
  note: string;
  price?: string;
  tax?: string;
}

let made = 0;

/** Says, on the field, that a proposal was taken. */
export const CHOSEN = "chosen";

export function proposeIn(field: HTMLInputElement): void {
  const list = document.createElement("ul");
  list.id = `proposals-${++made}`;
  list.role = "listbox";
  list.className = "proposals";
  list.hidden = true;
  list.ariaLabel = field.labels?.[0]?.textContent ?? null;
  field.role = "combobox";
  field.ariaAutoComplete = "list";
  field.ariaExpanded = "false";
  field.setAttribute("aria-controls", list.id);
  field.after(list);

  let proposals: Proposal[] = [];
  let active = -1;
  let asked: AbortController | undefined;
  let hasty = false; // Enter came before the answer did, as from a scanner

  function close(): void {
    asked?.abort();
    asked = undefined;
    hasty = false;
    list.hidden = true;
    field.ariaExpanded = "false";
    field.removeAttribute("aria-activedescendant");
  }

  function mark(at: number): void {
    active = at;
    for (const [i, option] of [...list.children].entries()) option.ariaSelected = String(i === at);
    const option = list.children[at];
    if (option) {
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  }

  function take(proposal: Proposal): void {
    field.value = proposal.id;
    close();
    field.dispatchEvent(new CustomEvent<Proposal>(CHOSEN, { bubbles: true, detail: proposal }));
  }

  function show(): void {
    list.replaceChildren(
      ...proposals.map((p, i) => {
        const option = document.createElement("li");
        option.role = "option";
        option.id = `${list.id}-${i}`;
        for (const [part, text] of [
          ["name", p.name],
          ["code", p.id],
          ["note", p.note],
        ] as const) {
          const span = document.createElement("span");
          span.className = part;
          span.textContent = text;
          option.append(span, " ");
        }
        option.addEventListener("pointerdown", (e) => {
          e.preventDefault(); // the field keeps the focus
          take(p);
        });
        return option;
      }),
    );
    list.hidden = proposals.length === 0;
    field.ariaExpanded = String(!list.hidden);
    mark(proposals.length > 0 ? 0 : -1);
  }

  async function ask(): Promise<void> {
    const text = field.value.trim();
    asked?.abort();
    hasty = false;
    proposals = []; // those of another text mean nothing any more; they go when the answer is there
    mark(-1);
    if (!text) {
      close();
      return;
    }
    const question = new AbortController();
    asked = question;
    try {
      const answer = await fetch(`/find/${field.dataset.find}?q=${encodeURIComponent(text)}`, {
        signal: question.signal,
        headers: { Accept: "application/json" },
      });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      proposals = (await answer.json()) as Proposal[];
    } catch {
      if (question.signal.aborted) return;
      proposals = []; // the form itself still takes the code that is typed
    }
    asked = undefined;
    const first = proposals[0];
    if (hasty && first) {
      take(first);
      return;
    }
    hasty = false;
    if (document.activeElement === field) show();
  }

  field.addEventListener("input", () => void ask());
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (e) => {
    if (e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
    const open = !list.hidden && proposals.length > 0;
    const chosen = proposals[active];
    switch (e.key) {
      case "ArrowDown":
        if (open) mark((active + 1) % proposals.length);
        else void ask();
        break;
      case "ArrowUp":
        if (!open) return;
        mark((active - 1 + proposals.length) % proposals.length);
        break;
      case "Enter":
        if (asked) hasty = true;
        else if (open && chosen) take(chosen);
        else return;
        break;
      case "Tab":
        // Until the answer is there what is typed stays: whoever scans a code means that one.
        if (!asked && open && chosen) take(chosen);
        return; // and goes on
      case "Escape":
        if (list.hidden) return;
        close();
        break;
      default:
        return;
    }
    e.preventDefault();
    e.stopPropagation();
  });
}
