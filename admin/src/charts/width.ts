import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** The width of an element in CSS pixels, so that a chart's text keeps its size; 0 before it is known. */
export function useWidth<E extends HTMLElement>(): [RefObject<E | null>, number] {
  const ref = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const e = ref.current;
    if (!e) return;
    setWidth(Math.round(e.clientWidth));
    const watcher = new ResizeObserver(() => setWidth(Math.round(e.clientWidth)));
    watcher.observe(e);
    return () => watcher.disconnect();
  }, []);
  return [ref, width];
}
