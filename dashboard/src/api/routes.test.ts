import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROUTES } from "./client";

const text = readFileSync(new URL("../../../functions/api/openapi.json", import.meta.url), "utf8");
const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, unknown>> };

describe("the routes that the page asks", () => {
  it.each(["/events", "/events/{id}", "/alerts/{id}/feedback", "/audit-log", "/audit-log/verify"])("are served: %s", (path) => {
    expect(Object.values(ROUTES).map(([, asked]) => asked)).toContain(path);
    expect(paths).toHaveProperty([path]);
  });

  it.each(Object.values(ROUTES))("are asked as they are served: %s %s", (method, path) => {
    const served = paths[path];
    // The page says “not available” of a path that is not served at all.
    if (served !== undefined) expect(Object.keys(served)).toContain(method);
  });
});
