// The way of an entry to the manager's page, as the server sees it happen.
interface Delivery {
  steps: { id: string; state: string; label: string; word: string; detail: string }[];
  note: string;
  done: boolean;
}

export function watchDelivery(way: HTMLElement): void {
  const source = new EventSource(way.dataset.delivery ?? "");
  source.onmessage = (e) => {
    const told = JSON.parse(e.data as string) as Delivery;
    for (const step of told.steps) {
      const row = way.querySelector<HTMLElement>(`[data-step="${CSS.escape(step.id)}"]`);
      if (!row) continue;
      row.dataset.state = step.state;
      const word = row.querySelector(".sr");
      if (word) word.textContent = step.word;
      const detail = row.querySelector("small");
      if (detail) detail.textContent = step.detail;
    }
    const note = way.querySelector<HTMLElement>("[data-note]");
    if (note) {
      note.textContent = told.note;
      note.hidden = told.note === "";
    }
    if (!told.done) return;
    source.close();
    way.dataset.done = "yes";
    const counted = way.querySelector<HTMLElement>("[data-counted]");
    if (counted) counted.textContent = counted.dataset.counted ?? "";
  };
  addEventListener("pagehide", () => source.close());
}
