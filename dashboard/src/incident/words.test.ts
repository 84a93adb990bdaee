import { describe, expect, it } from "vitest";
import type { Incident, StatusChange } from "../api/types";
import { reach, sentence, timeTo } from "./words";

const changes: StatusChange[] = [
  { at: "2026-11-21T10:01:00Z", by: "log-analyzer-rca", to: "OPEN", why: "critical evidence" },
  { at: "2026-11-21T10:06:00Z", by: "sam@example.com", to: "ACKNOWLEDGED", why: "on it" },
];
const incident = { opened_at: "2026-11-21T10:01:00Z", timeline: changes } as Incident;

describe("the words for an incident", () => {
  it("counts from the opening to the first change", () => {
    expect(timeTo(incident, "ACKNOWLEDGED")).toBe(5 * 60_000);
    expect(timeTo(incident, "RESOLVED")).toBeNull();
  });

  it("says how far it reaches", () => {
    expect(reach({ reach: "group", name: "web", moved: 1, of: 2 })).toBe("1 of 2 others in web too");
    expect(reach(undefined)).toBe("unknown: no other resource to compare with");
  });

  it("says details in words", () => expect([sentence({ a: 1, b: "x", c: [1] }), sentence(null), sentence("x")]).toEqual(["a 1; b x; c [1]", "", ""]));
});
