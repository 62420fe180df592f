import { useLayoutEffect } from "preact/hooks";

/**
 * Keeps the reader's focus and selection where rows move. A browser drops both from an
 * element that is taken out and put elsewhere; so they are noted before and set again after.
 */
export function useKeptPlace(): void {
  const focused = document.activeElement;
  const s = document.getSelection();
  const range = s && s.rangeCount > 0 && !s.isCollapsed ? s.getRangeAt(0) : null;
  const ends = range && {
    from: range.startContainer,
    at: range.startOffset,
    to: range.endContainer,
    until: range.endOffset,
  };
  useLayoutEffect(() => {
    if (
      focused instanceof HTMLElement &&
      focused !== document.activeElement &&
      focused.isConnected &&
      document.activeElement === document.body
    ) {
      focused.focus({ preventScroll: true });
    }
    if (s && ends && s.isCollapsed && ends.from.isConnected && ends.to.isConnected) {
      s.setBaseAndExtent(ends.from, ends.at, ends.to, ends.until);
    }
  });
}
