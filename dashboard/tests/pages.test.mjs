// Every page in dark, in light and on a phone: no violation that axe knows, nothing wider than the screen, no error.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { mock } from "../mock/server.mjs";
import { violations } from "./axe.mjs";
import { DESKTOP, PHONE, launch, open } from "./browser.mjs";

const ARTIFACTS = join(import.meta.dirname, "../.artifacts");
const LOOKS = [
  ["dark", { colorScheme: "dark", viewport: DESKTOP }],
  ["light", { colorScheme: "light", viewport: DESKTOP }],
  ["phone", { colorScheme: "dark", viewport: PHONE }],
];

let server;
let browser;
before(async () => {
  mkdirSync(ARTIFACTS, { recursive: true });
  server = await mock();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** Waits until the page has its title and nothing is loading any more. */
async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => document.querySelector(".skeleton") === null);
  await page.waitForTimeout(150);
}

for (const [look, options] of LOOKS) {
  describe(look, () => {
    test("every page", async (t) => {
      const { page, context, errors } = await open(browser, options);
      await page.goto(server.url);
      await settled(page);
      const incident = await page.locator(".incident-title a").first().getAttribute("href");
      await page.goto(`${server.url}/#/resources`);
      await settled(page);
      const resource = await page.locator(".resource-what a").first().getAttribute("href");
      const pages = { now: "#/", incident, resources: "#/resources", resource, security: "#/security", silences: "#/silences", products: "#/products", thresholds: "#/thresholds", audit: "#/audit", settings: "#/settings", unknown: "#/nowhere" };
      for (const [name, hash] of Object.entries(pages)) {
        await t.test(name, async () => {
          await page.goto(`${server.url}/${hash}`);
          await settled(page);
          await page.screenshot({ path: join(ARTIFACTS, `${name}-${look}.png`) });
          const width = await page.evaluate(() => [document.documentElement.scrollWidth, document.querySelector(".scroller")?.scrollWidth ?? 0]);
          assert.ok(Math.max(...width) <= options.viewport.width, `${name} is ${width} wide`);
          assert.deepEqual(await violations(page), []);
          assert.deepEqual(errors, []);
        });
      }
      await context.close();
    });

    test("dialogs and the sign-in", async () => {
      const guarded = await mock({ auth: "cognito" });
      const { page, context, errors } = await open(browser, options);
      await page.goto(guarded.url);
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await page.screenshot({ path: join(ARTIFACTS, `sign-in-${look}.png`) });
      assert.deepEqual(await violations(page), []);
      await page.goto(server.url);
      await settled(page);
      for (const key of ["s", "o", "?"]) {
        await page.keyboard.press("j");
        await page.keyboard.press(key);
        await page.locator("dialog[open]").waitFor();
        assert.deepEqual(await violations(page), [], key);
        await page.keyboard.press("Escape");
        await page.locator("dialog").waitFor({ state: "detached" });
      }
      assert.deepEqual(errors, []);
      await context.close();
      await guarded.close();
    });
  });
}

test("a deployment that serves only the first routes still shows what it has", async () => {
  const old = await mock({ absent: ["/me", "/metrics/summary", "/resources", "/approvals", "/remediations", "/silences", "/products", "/thresholds", "/security-events", "/alerts"], live: false });
  const { page, context, errors } = await open(browser);
  await page.goto(old.url);
  await settled(page);
  assert.equal(await page.locator(".incident").count() > 5, true);
  for (const name of ["resources", "security", "silences", "products", "thresholds", "settings"]) {
    await page.goto(`${old.url}/#/${name}`);
    await page.getByText("Not available in this deployment").waitFor();
    assert.deepEqual(await violations(page), [], name);
  }
  await page.goto(`${old.url}/#/`);
  await page.locator(".incident-title a").first().click();
  await page.getByText("This deployment does not serve datapoints").waitFor();
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
  await page.getByText("This deployment does not serve that.").waitFor();
  assert.deepEqual(errors, []);
  await context.close();
  await old.close();
});
