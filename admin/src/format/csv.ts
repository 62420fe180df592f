import { decimal, digitsOf } from "./format";

// A file that the reader's own Excel opens right. A French one wants semicolons, decimal
// commas and a byte order mark; an English one commas and points.

/** A value of a cell: a text, or a number that is exact as a decimal text. */
export type Cell = string | Decimal | null;

export interface Decimal {
  decimal: string;
}

export const exact = (n: number | null): Cell => (n === null ? null : { decimal: String(n) });
export const moneyCell = (minor: number | null, currency: string): Cell =>
  minor === null ? null : { decimal: decimal(minor, digitsOf(currency)) };
/** Basis points as a percentage: 4170 is 41.70. */
export const percentCell = (bp: number | null): Cell => (bp === null ? null : { decimal: decimal(bp, 2) });

const BOM = "\uFEFF";

/** Returns the text of a file: a byte order mark, then rows that end with CRLF. */
export function csv(locale: string, head: string[], rows: Cell[][]): string {
  const comma = new Intl.NumberFormat(locale).formatToParts(1.5).find((p) => p.type === "decimal")?.value === ",";
  const separator = comma ? ";" : ",";
  const cell = (c: Cell): string => {
    if (c === null) return "";
    if (typeof c !== "string") return comma ? c.decimal.replace(".", ",") : c.decimal;
    // A spreadsheet would run a text that begins so as a formula.
    const safe = /^[=+\-@\t\r]/.test(c) ? `'${c}` : c;
    return /["\r\n;,\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return BOM + [head, ...rows].map((row) => `${row.map(cell).join(separator)}\r\n`).join("");
}
