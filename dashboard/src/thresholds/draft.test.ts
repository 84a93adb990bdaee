import { describe, expect, it } from "vitest";
import { draftOf, inForce, overrideOf, told, withOverride } from "./draft";

const EMPTY = { critical: "", warning: "", datapoints: "", periods: "", why: "" };
const ALARM = { comparison: "above" as const, critical: 95, warning: 80, statistic: "Average", period_seconds: 300, datapoints_to_alarm: 3, evaluation_periods: 3, source: "aws" };

describe("a draft", () => {
  it("is what is set, and becomes it again", () => {
    const set = { critical: 97, datapoints_to_alarm: 2, evaluation_periods: 3, period_seconds: 600, why: "batch nights" };
    const draft = draftOf(set);
    expect(draft).toEqual({ critical: "97", warning: "", datapoints: "2", periods: "3", why: "batch nights" });
    expect(overrideOf(draft, set)).toEqual(set);
  });

  it("sets nothing where nothing is typed", () => {
    expect(overrideOf({ ...EMPTY, why: "x" }, undefined)).toBeNull();
    expect(overrideOf({ ...EMPTY, critical: " " }, { critical: 97, why: "x" })).toBeNull();
  });

  it("takes zero for a number, and an alarm with a threshold for one that is on", () => {
    expect(overrideOf({ ...EMPTY, critical: "0", why: "x" }, { levels: "off", why: "y" })).toEqual({ critical: 0, why: "x" });
    expect(overrideOf({ ...EMPTY, why: "x" }, { levels: "off", why: "y" })).toEqual({ levels: "off", why: "x" });
  });
});

describe("everything that is set", () => {
  const all = { resource_types: { "ec2:instance": { CPUUtilization: { critical: 97, why: "x" } }, "sqs:queue": { Age: { critical: 1, why: "y" } } } };

  it("changes in one place, and the original stays", () => {
    const changed = withOverride(all, "ec2:instance", "StatusCheckFailed", { levels: "off", why: "z" });
    expect(Object.keys(changed.resource_types?.["ec2:instance"] ?? {})).toEqual(["CPUUtilization", "StatusCheckFailed"]);
    expect(Object.keys(all.resource_types["ec2:instance"])).toEqual(["CPUUtilization"]);
  });

  it("forgets a type of which nothing is set", () => {
    expect(withOverride(all, "sqs:queue", "Age", null)).toEqual({ resource_types: { "ec2:instance": all.resource_types["ec2:instance"] } });
    expect(withOverride({}, "sqs:queue", "Age", null)).toEqual({ resource_types: {} });
  });
});

it("what is set outweighs the catalogue", () => {
  expect(inForce(ALARM, { critical: 97, why: "x" })).toMatchObject({ critical: 97, warning: 80, datapoints_to_alarm: 3 });
  expect(inForce(ALARM, undefined)).toEqual(ALARM);
});

it("a preview is told in a sentence", () => {
  const one = (resource: string, fired: number) => ({ resource, fired, minutes_in_alarm: fired * 15, datapoints: 2016 });
  const preview = { fired: 3, minutes_in_alarm: 45, resources: 2, series: [one("i-1", 3), one("i-2", 0)], gaps: [] };
  expect(told(preview)).toBe("would have fired 3 times in the last seven days, 45 minutes in all, on 1 of 2 resources");
  expect(told({ ...preview, fired: 1, minutes_in_alarm: 15 })).toContain("fired 1 time in");
  expect(told({ ...preview, fired: 0, series: [one("i-1", 0)] })).toBe("would not have fired in the last seven days on 1 of 2 resources");
  expect(told({ ...preview, series: [], resources: 0 })).toBe("nothing of this type is watched");
});
