// An upload that is being looked at or recorded: how far it is, and the next page when it is there.
interface Progress {
  running: boolean;
  text: string;
  done: number;
  total: number;
}

const EVERY = 300; // milliseconds

export function watchUpload(upload: HTMLElement): void {
  const bar = upload.querySelector("progress");
  const text = upload.querySelector<HTMLElement>("[data-text]");
  const ask = async () => {
    try {
      const answer = await fetch(upload.dataset.upload ?? "");
      if (!answer.ok) throw new Error(String(answer.status));
      const told = (await answer.json()) as Progress;
      if (!told.running) return location.reload();
      if (text) text.textContent = told.text;
      if (bar && told.total > 0) {
        bar.max = told.total;
        bar.value = told.done;
      }
    } catch {
      // The app is being started again, or the line is down: the next question finds out.
    }
    setTimeout(ask, EVERY);
  };
  setTimeout(ask, EVERY);
}
