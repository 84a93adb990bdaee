/** A number in as many digits as a glance takes: four significant ones, thousands apart. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(2);
  return new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 4 }).format(value);
}

/** What stands for a bound that there is not: an alarm has one alone. */
const NO_BOUND = 1e30;

/** A range as people say it: `3 to 7`, `at most 7`, `at least 3`. */
export function range({ low, high }: { low: number; high: number }): string {
  if (low <= -NO_BOUND) return `at most ${number(high)}`;
  return high >= NO_BOUND ? `at least ${number(low)}` : `${number(low)} to ${number(high)}`;
}

/** A share between 0 and 1 in percent. */
export function percent(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** A score between 0 and 1 with the digits that matter near 1. */
export function score(value: number): string {
  return value.toFixed(3);
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let rest = value;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${rest >= 100 || unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${units[unit] ?? "B"}`;
}

export function dollars(value: number): string {
  if (value === 0) return "0 USD";
  return `${value < 0.01 ? value.toFixed(6) : value.toFixed(2)} USD`;
}

/** `memory_exhaustion` → `Memory exhaustion`. */
export function causeTitle(kind: string): string {
  const words = kind.replaceAll("_", " ").replace(/\b(dns|cpu)\b/g, (short) => short.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** One thing, two things. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${new Intl.NumberFormat("en-GB").format(amount)} ${amount === 1 ? one : many}`;
}

/** Control and bidirectional characters made visible, so that no log line reorders or hides text. */
export function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what this looks for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, (found) =>
    `\u27e8${found.charCodeAt(0).toString(16).padStart(4, "0")}\u27e9`,
  );
}
