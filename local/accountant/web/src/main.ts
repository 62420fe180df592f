// What the pages do beyond what they do without a script.
import { CHOSEN, type Proposal, proposeIn } from "./combobox";
import { watchDelivery } from "./delivery";
import { openDocument } from "./document";
import { keepDraft } from "./draft";
import { listenToKeys } from "./keys";
import { forget } from "./store";
import { watchUpload } from "./upload";

for (const field of document.querySelectorAll<HTMLInputElement>("input[data-find]")) proposeIn(field);
addEventListener(CHOSEN, (e) => {
  const field = e.target as HTMLInputElement;
  const found = document.getElementById(`${field.id}-name`);
  if (found) found.textContent = (e as CustomEvent<Proposal>).detail.name;
  if (field.closest("[data-line]")) return;
  const stops = [...(field.form?.querySelectorAll<HTMLElement>("input:not([type=hidden]), select, button") ?? [])];
  stops
    .slice(stops.indexOf(field) + 1)
    .find((s) => s.offsetParent !== null)
    ?.focus();
});
for (const way of document.querySelectorAll<HTMLElement>("[data-delivery]")) watchDelivery(way);
for (const upload of document.querySelectorAll<HTMLElement>("[data-upload]")) watchUpload(upload);
const recorded = document.querySelector<HTMLElement>("[data-recorded]")?.dataset.recorded;
if (recorded) forget(recorded);

const form = document.querySelector<HTMLFormElement>("form[data-draft]");
if (form) {
  const lines = form.dataset.preview ? openDocument(form) : undefined;
  void keepDraft(form, lines);
  // A form that comes filled in shows what it comes to: one that was sent and came back, or one like another.
  if ([...form.querySelectorAll<HTMLInputElement>("[name=product]")].some((field) => field.value)) lines?.reckon();
}
for (const sent of document.querySelectorAll("form")) {
  // Two presses are one wish. What comes through all the same is recorded once by its key.
  sent.addEventListener("submit", (e) => {
    if (sent.method !== "post") return;
    if (sent.dataset.sending) e.preventDefault();
    sent.dataset.sending = "yes";
  });
  addEventListener("pageshow", () => delete sent.dataset.sending);
}
for (const choice of document.querySelectorAll<HTMLSelectElement>("select[data-sends]"))
  choice.addEventListener("change", () => choice.form?.requestSubmit());
document.querySelector("[data-print]")?.addEventListener("click", () => print());
listenToKeys();
document.querySelector<HTMLElement>("[data-focus]")?.focus();
