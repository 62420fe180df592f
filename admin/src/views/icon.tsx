const PATHS: Record<string, string> = {
  brand: "M3 20V9l9-6 9 6v11M3 13h18M8 20v-4M12 20v-4M16 20v-4",
  overview: "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
  winners: "M4 20V10M10 20V4M16 20v-8M22 20H2",
  risk: "M12 3 2 20h20zM12 10v4M12 17v.5",
  clients: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-6 7-6s7 2 7 6M16 3.5a4 4 0 0 1 0 7M22 21c0-3-1.500-5-4-5.700",
  status: "M2 12h5l2.500-7 5 14 2.500-7h5",
  pause: "M8 5v14M16 5v14",
  resume: "M7 4v16l13-8z",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16.500 16.500 21 21",
  csv: "M12 3v12M7 10l5 5 5-5M4 20h16",
};

/** A picture beside a word, never instead of one. */
export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name] ?? ""} />
    </svg>
  );
}
