import { describe, expect, it } from "vitest";
import { bytes, causeTitle, count, dollars, number, percent, range, score, visible } from "./format";

describe("format", () => {
  it.each([
    [97.2, "97.2"],
    [1234567, "1,235,000"],
    [0.00001, "1.00e-5"],
    [0, "0"],
    [Number.NaN, "–"],
    [3e12, "3.00e+12"],
  ])("writes %d as %s", (value, expected) => expect(number(value)).toBe(expected));

  it("writes a range with one bound as one bound", () => {
    expect([{ low: 3, high: 7 }, { low: -1e30, high: 80 }, { low: 0.5, high: 1e30 }].map(range)).toEqual(["3 to 7", "at most 80", "at least 0.5"]);
  });

  it("writes shares, scores, sizes and money", () => {
    expect(percent(0.876)).toBe("88 %");
    expect(score(0.9951)).toBe("0.995");
    expect([bytes(0), bytes(999), bytes(1500), bytes(1_048_576_000)]).toEqual(["0 B", "999 B", "1.5 kB", "1.0 GB"]);
    expect([dollars(0), dollars(0.000005), dollars(1.5)]).toEqual(["0 USD", "0.000005 USD", "1.50 USD"]);
  });

  it("writes causes and counts", () => {
    expect([causeTitle("memory_exhaustion"), causeTitle("dns_failure"), causeTitle("")]).toEqual(["Memory exhaustion", "DNS failure", ""]);
    expect([count(1, "entry", "entries"), count(2, "entry", "entries"), count(10_000, "incident")]).toEqual(["1 entry", "2 entries", "10,000 incidents"]);
  });

  it("shows what would hide or reorder text", () => {
    expect(visible("user\u202etxt.exe\u0000\u001b[2J")).toBe("user⟨202e⟩txt.exe⟨0000⟩⟨001b⟩[2J");
    expect(visible("plain\n\ttext – ünïcode")).toBe("plain\n\ttext – ünïcode");
  });
});
