// Keys that work on every page. Letters only where nothing is being typed.
const SOON = 1_500; // ms between G and the page's letter

export function listenToKeys(): void {
  const sheet = document.querySelector<HTMLDialogElement>("#keys");
  const letters = document.body.dataset.letters !== "off"; // WCAG 2.1.4
  let went = 0;
  document.querySelector("[data-keys]")?.addEventListener("click", () => sheet?.showModal());
  addEventListener("keydown", (e) => {
    const at = e.target as HTMLElement;
    if (e.isComposing || sheet?.open) return;
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
      const form = at.closest("form") ?? document.querySelector<HTMLFormElement>("main form[method=post]");
      const primary = form?.querySelector<HTMLButtonElement>("button.primary, button.danger");
      if (!form || !primary || form.method !== "post") return;
      e.preventDefault();
      form.requestSubmit(primary);
      return;
    }
    if (e.altKey && e.shiftKey && e.key === "Backspace") {
      const undo = [...document.querySelectorAll<HTMLElement>("[data-undo]")].findLast((u) => u.offsetParent !== null);
      if (undo) e.preventDefault();
      undo?.click();
      return;
    }
    if (!letters || e.ctrlKey || e.metaKey || e.altKey || at.matches("input:not([type=checkbox]), select, textarea"))
      return;
    if (e.key === "?") sheet?.showModal();
    else if (e.key === "/")
      document.querySelector<HTMLElement>("main input[type=search], main input[data-find]")?.focus();
    else if (e.key.toLowerCase() === "g") {
      went = Date.now();
      return;
    } else if (Date.now() - went < SOON) {
      document.querySelector<HTMLAnchorElement>(`.views a[data-key="${CSS.escape(e.key.toLowerCase())}"]`)?.click();
      return;
    } else return;
    e.preventDefault();
  });
}
