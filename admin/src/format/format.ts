// Numbers, money, dates and spans of time in the reader's language; all of it by Intl.

export interface Format {
  locale: string;
  /** Minor units with their currency: £1,234.50. */
  money(minor: number): string;
  /** The same without the minor digits, for figures that are read at a glance. */
  moneyShort(minor: number): string;
  /** Short as on an axis: £12K. */
  moneyTiny(minor: number): string;
  /** Minor units without their currency, for columns that name it in their head. */
  amount(minor: number): string;
  /** The sign of the currency. */
  symbol: string;
  quantity(n: number): string;
  quantityTiny(n: number): string;
  integer(n: number): string;
  /** Basis points as a percentage. */
  percent(bp: number): string;
  percentWhole(bp: number): string;
  /** Basis points as percentage points with their sign, without a unit. */
  points(bp: number): string;
  /** A quantity a day. */
  rate(n: number): string;
  /** Basis points as a percentage with its sign. */
  change(bp: number): string;
  date(day: string): string;
  dateShort(day: string): string;
  dateLong(day: string): string;
  time(ms: number): string;
  timeExact(ms: number): string;
  dateTime(ms: number): string;
  /** How long ago: 5 minutes ago. */
  ago(then: number, now: number): string;
  days(n: number): string;
  plural(n: number): Intl.LDMLPluralRule;
  list(items: string[]): string;
}

// ISO 4217: the currencies whose minor unit is no hundredth. Intl would round some of
// them otherwise, by how they are used and not by how books are kept.
const DIGITS: Record<number, string> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
};

export function digitsOf(currency: string): number {
  return currency === "" ? 2 : DIGITS[0]?.includes(currency) ? 0 : DIGITS[3]?.includes(currency) ? 3 : 2;
}

/** Returns minor units as a decimal number, exactly: 123450 with two digits is "1234.50". */
export function decimal(minor: number, digits: number): string {
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  return (minor < 0 ? "-" : "") + (digits ? `${whole}.${text.slice(-digits)}` : whole);
}

const DAY = 86_400;
const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [3600, "minute"],
  [DAY, "hour"],
  [Number.POSITIVE_INFINITY, "day"],
];
const SIZE: Partial<Record<Intl.RelativeTimeFormatUnit, number>> = { second: 1, minute: 60, hour: 3600, day: DAY };

export function makeFormat(locale: string, currency: string, timeZone?: string): Format {
  const digits = digitsOf(currency);
  const number = (o: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, o);
  const date = (o: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, o);
  const zone = timeZone === undefined ? {} : { timeZone };
  const unit: Intl.NumberFormatOptions = currency
    ? { style: "currency", currency, currencyDisplay: "narrowSymbol" }
    : {};
  const money = number({ ...unit, minimumFractionDigits: digits, maximumFractionDigits: digits });
  const short = number({ ...unit, maximumFractionDigits: 0 });
  const tiny = number({ ...unit, notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 });
  const amount = number({ minimumFractionDigits: digits, maximumFractionDigits: digits });
  const quantity = number({ maximumFractionDigits: 3 });
  const quantityTiny = number({ notation: "compact", maximumFractionDigits: 1 });
  const integer = number({ maximumFractionDigits: 0 });
  const percent = number({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const change = number({
    style: "percent",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    signDisplay: "exceptZero",
  });
  const whole = number({ style: "percent", maximumFractionDigits: 0 });
  const points = number({ minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
  const rate = number({ maximumFractionDigits: 1 });
  // A business day is a date and no moment, so no time zone may move it.
  const day = date({ timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
  const dayShort = date({ timeZone: "UTC", day: "numeric", month: "short" });
  const dayLong = date({ timeZone: "UTC", weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const time = date({ ...zone, hour: "2-digit", minute: "2-digit" });
  const exact = date({ ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const dateTime = date({
    ...zone,
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  const days = number({ style: "unit", unit: "day", unitDisplay: "long" });
  const rules = new Intl.PluralRules(locale);
  const list = new Intl.ListFormat(locale);
  const exactly = (f: Intl.NumberFormat, minor: number) =>
    f.format(decimal(minor, digits) as Intl.StringNumericLiteral);
  return {
    locale,
    money: (n) => exactly(money, n),
    moneyShort: (n) => exactly(short, n),
    moneyTiny: (n) => tiny.format(n / 10 ** digits),
    amount: (n) => exactly(amount, n),
    symbol: money.formatToParts(0).find((p) => p.type === "currency")?.value ?? "",
    quantity: (n) => quantity.format(n),
    quantityTiny: (n) => quantityTiny.format(n),
    integer: (n) => integer.format(n),
    percent: (bp) => percent.format(bp / 10_000),
    percentWhole: (bp) => whole.format(bp / 10_000),
    points: (bp) => points.format(bp / 100),
    rate: (n) => rate.format(n),
    change: (bp) => change.format(bp / 10_000),
    date: (d) => day.format(Date.parse(d)),
    dateShort: (d) => dayShort.format(Date.parse(d)),
    dateLong: (d) => dayLong.format(Date.parse(d)),
    time: (ms) => time.format(ms),
    timeExact: (ms) => exact.format(ms),
    dateTime: (ms) => dateTime.format(ms),
    ago(then, now) {
      const seconds = Math.max(0, Math.round((now - then) / 1000));
      const name = STEPS.find(([below]) => seconds < below)?.[1] ?? "day";
      return relative.format(-Math.floor(seconds / (SIZE[name] ?? 1)), name);
    },
    days: (n) => days.format(n),
    plural: (n) => rules.select(n),
    list: (items) => list.format(items),
  };
}
