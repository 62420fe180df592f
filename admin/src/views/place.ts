import { useLayoutEffect } from "preact/hooks";

// Rows are drawn by their place, so that an update changes texts and moves no element:
// nothing jumps. Who is in a row with the focus or a selection stays with what the row
// was about: both go along to where that is shown now.

/** A node of a row: the row's list and id, and the way from the row to the node. */
interface Spot {
  list: Element;
  id: string;
  path: number[];
}

function spotOf(node: Node | null): Spot | null {
  const row = (node instanceof Element ? node : node?.parentElement)?.closest<HTMLElement>("[data-id]");
  const list = row?.parentElement;
  if (!node || !row || !list) return null;
  const path: number[] = [];
  for (let n: Node = node; n !== row && n.parentNode; n = n.parentNode)
    path.unshift([...n.parentNode.childNodes].indexOf(n as ChildNode));
  return { list, id: row.dataset.id ?? "", path };
}

function nodeAt({ list, id, path }: Spot): Node | null {
  let node: Node | null = [...list.children].find((row) => (row as HTMLElement).dataset.id === id) ?? null;
  for (const i of path) node = node?.childNodes[i] ?? null;
  return node;
}

/** Called where everything is drawn from: before that it looks where the reader is, and after it brings him there. */
export function useKeptPlace(): void {
  const focused = spotOf(document.activeElement);
  const s = document.getSelection();
  const selected =
    s && !s.isCollapsed
      ? { from: spotOf(s.anchorNode), at: s.anchorOffset, to: spotOf(s.focusNode), until: s.focusOffset }
      : null;
  useLayoutEffect(() => {
    const node = focused && nodeAt(focused);
    if (node instanceof HTMLElement && node !== document.activeElement) node.focus({ preventScroll: true });
    const [from, to] = [selected?.from && nodeAt(selected.from), selected?.to && nodeAt(selected.to)];
    if (!s || !selected || !from || !to || (from === s.anchorNode && to === s.focusNode && !s.isCollapsed)) return;
    const within = (n: Node, offset: number) => Math.min(offset, n instanceof Text ? n.length : n.childNodes.length);
    s.setBaseAndExtent(from, within(from, selected.at), to, within(to, selected.until));
  });
}
