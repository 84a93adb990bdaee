import type { ExpectedRange, Point } from "../api/types";

/** The columns that the chart draws: seconds, value, the bounds and the middle of what was expected, and anomalous values. */
export type Columns = [at: number[], value: (number | null)[], low: (number | null)[], high: (number | null)[], typical: (number | null)[], anomalous: (number | null)[]];

/** Points as columns; where the series has a hole of more than one and a half periods, so has its line. */
export function columns(points: readonly Point[], periodSeconds: number): Columns {
  const result: Columns = [[], [], [], [], [], []];
  let before: number | null = null;
  for (const point of points) {
    const at = Date.parse(point.at) / 1000;
    if (before !== null && at - before > periodSeconds * 1.5) push(result, before + periodSeconds, null, null, false);
    push(result, at, point.value, point.expected, point.verdict === "anomalous");
    before = at;
  }
  return result;
}

function push(to: Columns, at: number, value: number | null, expected: ExpectedRange | null, isAnomalous: boolean): void {
  to[0].push(at);
  to[1].push(value);
  to[2].push(expected?.low ?? null);
  to[3].push(expected?.high ?? null);
  to[4].push(expected?.typical ?? null);
  to[5].push(isAnomalous ? value : null);
}

/** What a chart shows, in one sentence for those who cannot see it. */
export function describe(name: string, points: readonly Point[]): string {
  const values = points.map((point) => point.value);
  if (values.length === 0) return `${name}: no datapoints in this span`;
  const anomalous = points.filter((point) => point.verdict === "anomalous").length;
  const most = Math.max(...values);
  const least = Math.min(...values);
  const round = (value: number) => Number(value.toPrecision(4));
  return `${name}: ${points.length} datapoints between ${round(least)} and ${round(most)}, ${anomalous === 0 ? "none" : anomalous} of them anomalous`;
}

/** The path of a sparkline in a box of that size, broken where datapoints are missing. */
export function sparkline(points: readonly Point[], width: number, height: number, periodSeconds: number): { line: string; ribbons: { x: number; width: number }[] } {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return { line: "", ribbons: [] };
  const from = Date.parse(first.at);
  const length = Math.max(1, Date.parse(last.at) - from + periodSeconds * 1000);
  const values = points.map((point) => point.value);
  const least = Math.min(...values);
  const span = Math.max(...values) - least || 1;
  const x = (at: number) => ((at - from) / length) * width;
  let line = "";
  let before = Number.NEGATIVE_INFINITY;
  const ribbons: { x: number; width: number }[] = [];
  for (const point of points) {
    const at = Date.parse(point.at);
    const verb = at - before > periodSeconds * 1500 ? "M" : "L";
    line += `${verb}${x(at).toFixed(1)} ${(height - 1.5 - ((point.value - least) / span) * (height - 3)).toFixed(1)}`;
    if (point.verdict === "anomalous") ribbons.push({ x: x(at), width: Math.max(1.5, x(from + periodSeconds * 1000)) });
    before = at;
  }
  return { line, ribbons };
}
