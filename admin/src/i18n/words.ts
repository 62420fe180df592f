export type { Flag, Tier, Window } from "../api/types";
export type { View } from "../state/route";
export type Why = "pipeline" | "publisher" | "functions";
