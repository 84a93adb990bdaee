import { describe, expect, it } from "vitest";
import { canonical, sha256, type Json } from "./canonical";

describe("canonical JSON", () => {
  // The examples of RFC 8785, sections 3.2.2 and 3.2.3.
  it("writes numbers, strings and literals as the RFC does", () => {
    const parsed = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as Json;
    expect(canonical(parsed)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("sorts by UTF-16 code units, not by code points", () => {
    const members = { "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis" };
    const order = [...canonical(members).matchAll(/:"([^"]+)"/g)].map((found) => found[1]);
    expect(order).toEqual(["Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"]);
  });

  it.each([
    ["a negative zero", -0, "0"],
    ["a whole float", 1.0, "1"],
    ["a large whole number", 1e21, "1e+21"],
    ["an empty list in an object", { a: [] }, '{"a":[]}'],
  ])("writes %s", (_, value, expected) => expect(canonical(value as Json)).toBe(expected));

  it("refuses what has no form", () => {
    expect(() => canonical(Number.NaN)).toThrow("no JSON form");
    expect(() => canonical("\ud800")).toThrow("lone surrogate");
  });

  it("hashes UTF-8", async () => {
    // FIPS 180-2, appendix B.1.
    expect(await sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});
