import { describe as group, expect, it } from "vitest";
import type { Point } from "../api/types";
import { columns, describe, sparkline } from "./chart";

function point(minute: number, value: number, verdict: Point["verdict"] = "normal"): Point {
  return { at: new Date(minute * 60_000).toISOString(), value, expected: verdict === "learning" ? null : { low: 1, typical: 2, high: 3 }, score: null, verdict };
}

group("a chart", () => {
  it("breaks its line where datapoints are missing", () => {
    const [at, value] = columns([point(0, 1), point(5, 2), point(20, 3)], 300);
    expect(at).toEqual([0, 300, 600, 1200]);
    expect(value).toEqual([1, 2, null, 3]);
  });

  it("marks what is anomalous and has no band while it learns", () => {
    const [, , low, high, , anomalous] = columns([point(0, 9, "learning"), point(5, 9, "anomalous")], 300);
    expect([low, high, anomalous]).toEqual([[null, 1], [null, 3], [null, 9]]);
  });

  it("tells itself in a sentence", () => {
    expect(describe("CPU", [point(0, 1), point(5, 97.25, "anomalous")])).toBe("CPU: 2 datapoints between 1 and 97.25, 1 of them anomalous");
    expect(describe("CPU", [])).toBe("CPU: no datapoints in this span");
  });

  it("draws a sparkline with its holes and its ribbons", () => {
    const { line, ribbons } = sparkline([point(0, 0), point(5, 10, "anomalous"), point(30, 5)], 70, 20, 300);
    expect(line).toBe("M0.0 18.5L10.0 1.5M60.0 10.0");
    expect(ribbons).toEqual([{ x: 10, width: 10 }]);
    expect(sparkline([], 70, 20, 300)).toEqual({ line: "", ribbons: [] });
  });

  it("draws a flat series as a flat line", () => {
    expect(sparkline([point(0, 4), point(5, 4)], 10, 10, 300).line).toBe("M0.0 8.5L5.0 8.5");
  });
});
