import { describe, expect, it } from "vitest";
import { readFindings } from "./findings";

describe("security findings", () => {
  it("are read with their cursor", () => {
    const body = { events: [{ id: "sec_1", at: "2026-11-21T10:00:00Z", title: "Trail stopped", severity: "high", actor: "kim", summary: "StopLogging", techniques: ["T1562.008"] }], next_cursor: "c" };
    expect(readFindings(body)).toEqual({
      findings: [{ key: "sec_1", at: "2026-11-21T10:00:00Z", title: "Trail stopped", severity: "high", who: "kim", detail: "StopLogging", techniques: ["T1562.008"] }],
      next: "c",
    });
  });

  it("are read under other names, and from a bare list", () => {
    const [found] = readFindings([{ rule: { title: "Root used" }, level: "critical", opened_at: "t", principal: { arn: "arn:root" } }]).findings;
    expect(found).toMatchObject({ key: "0", title: "Root used", severity: "critical", who: "arn:root", at: "t" });
  });

  it.each([[null], ["text"], [{ events: "none" }], [{ events: [null, 3] }]])("survive %j", (body) => {
    expect(readFindings(body).findings.every((found) => found.title === "Security event")).toBe(true);
  });
});
