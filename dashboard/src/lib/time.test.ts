import { describe, expect, it } from "vitest";
import { ago, clock, span, zoneName } from "./time";

const NOW = Date.parse("2026-11-21T12:00:00Z");

describe("time", () => {
  it.each([
    ["2026-11-21T11:59:40Z", "now"],
    ["2026-11-21T11:56:00Z", "4 min ago"],
    ["2026-11-21T08:40:00Z", "3 h 20 min ago"],
    ["2026-11-20T12:00:00Z", "24 h ago"],
    ["2026-11-09T12:00:00Z", "12 d ago"],
    ["2026-11-21T12:30:00Z", "in 30 min"],
    ["yesterday-ish", "yesterday-ish"],
  ])("tells %s as %s", (instant, expected) => expect(ago(instant, NOW)).toBe(expected));

  it.each([
    [0, "0 s"],
    [59_400, "59 s"],
    [3_600_000, "1 h"],
    [7_260_000, "2 h 1 min"],
    [86_400_000 * 3, "3 d"],
  ])("says %d ms as %s", (milliseconds, expected) => expect(span(milliseconds)).toBe(expected));

  it("writes UTC whatever the browser's zone", () => {
    expect(clock("2026-11-21T09:55:07.5Z", "utc")).toBe("2026-11-21 09:55:07");
    expect(clock("2026-11-21T09:55:07Z", "utc", false)).toBe("2026-11-21 09:55");
    expect(zoneName("utc")).toBe("UTC");
  });

  it("writes local time by the browser's zone", () => {
    const at = new Date("2026-11-21T09:55:07Z");
    expect(clock(at.toISOString(), "local").slice(11, 13)).toBe(String(at.getHours()).padStart(2, "0"));
  });

  it("leaves an instant it cannot read as it is", () => expect(clock("<b>", "utc")).toBe("<b>"));
});
