// An upload that is being looked at or recorded: how far it is, and the next page when it is there.
interface Progress {
  running: boolean;
  text: string;
  done: number;
  total: number;
}

// Milliseconds.
const EVERY = 300;
const PATIENCE = 2_000; // how long an answer may fail to come before that is said

export function watchUpload(upload: HTMLElement): void {
  const bar = upload.querySelector("progress");
  const text = upload.querySelector<HTMLElement>("[data-text]");
  const lost = upload.querySelector<HTMLElement>("[data-lost]");
  const gone = upload.querySelector<HTMLElement>("[data-gone]");
  let heard = Date.now();

  /** The app knows nothing of the upload: the process that had it has ended. */
  function end(): void {
    if (!gone) {
      location.reload();
      return;
    }
    const title = document.querySelector("h1");
    if (title) title.textContent = gone.dataset.gone ?? "";
    upload.replaceChildren(gone);
    gone.hidden = false;
  }

  async function ask(): Promise<void> {
    try {
      const answer = await fetch(upload.dataset.upload ?? "", { signal: AbortSignal.timeout(PATIENCE) });
      if (answer.status === 404) return end();
      if (!answer.ok) throw new Error(String(answer.status));
      const told = (await answer.json()) as Progress;
      if (!told.running) return location.reload();
      heard = Date.now();
      if (text) text.textContent = told.text;
      if (bar && told.total > 0) {
        bar.max = told.total;
        bar.value = told.done;
      }
    } catch {
      // The app is being started again, or the line is down: the next question finds out.
    }
    if (lost) lost.hidden = Date.now() - heard < PATIENCE;
    setTimeout(ask, EVERY);
  }
  setTimeout(ask, EVERY);
}
