import { describe, expect, it } from "vitest";
import { asked, links, parseRoute } from "./router";

describe("routes", () => {
  it.each([
    ["", { page: "now" }],
    ["#/", { page: "now" }],
    ["#/events/inc_0123456789abcdef0123", { page: "incident", id: "inc_0123456789abcdef0123" }],
    ["#/resources", { page: "resources" }],
    ["#/audit?from=1", { page: "audit" }],
    ["#/events", { page: "unknown" }],
    ["#/audit/1", { page: "unknown" }],
    ["#/a/b/c", { page: "unknown" }],
    ["#/events/%zz", { page: "unknown" }],
  ])("reads %s", (hash, expected) => expect(parseRoute(hash)).toEqual(expected));

  it.each([
    ["#/events/inc_1?do=acknowledge", "acknowledge"],
    ["#/events/inc_1?do=approve", "approve"],
    ["#/events/inc_1?do=delete", null],
    ["#/events/inc_1", null],
  ])("knows what %s asks for", (hash, expected) => expect(asked(hash)).toBe(expected));

  it("reads back what it writes, ARNs too", () => {
    const arn = "arn:aws:ec2:eu-west-1:1:instance/i-0";
    expect(parseRoute(links.resource(arn))).toEqual({ page: "resource", id: arn });
  });
});
