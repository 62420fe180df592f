/** Goes to an address of this page, such as ?view=winners; replace leaves no step to go back to. */
export type Navigate = (to: string, replace?: boolean) => void;

/** Makes links within the page, and the browser's own steps, go without loading it again. */
export function navigator(go: (search: string) => void): Navigate {
  const navigate: Navigate = (to, replace = false) => {
    const url = to === "?" ? location.pathname : to;
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    go(location.search);
  };
  addEventListener("popstate", () => go(location.search));
  document.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
    const to = (e.target as Element).closest("a[href]")?.getAttribute("href") ?? "";
    if (!to.startsWith("?")) return;
    e.preventDefault();
    navigate(to);
  });
  return navigate;
}
