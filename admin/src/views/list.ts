import { useRef } from "preact/hooks";
import { keyOf } from "../api/source";
import type { ListName, Page } from "../api/types";
import { queryOf, spanOf } from "../state/route";
import { useShown } from "./context";

/** The list of the route: what is known of it, and whether that is still of another question. */
export interface Listed<L extends ListName> {
  page: Page<L> | null;
  /** What is shown was the answer to the question before. */
  busy: boolean;
}

export function useList<L extends ListName>(list: L): Listed<L> {
  const { state } = useShown();
  const before = useRef<Page<L> | null>(null);
  const key = keyOf({ kind: "list", list, query: queryOf(state.route), span: spanOf(state.route) });
  const page = (state.answers.get(key)?.answer as Page<L> | undefined) ?? null;
  if (page) before.current = page;
  return { page: page ?? before.current, busy: page === null };
}
