// Markup in tags, names and log lines stays text on every page, also where the policy would have stopped it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mock } from "../mock/server.mjs";
import { launch, open } from "./browser.mjs";

let browser;
let server;
before(async () => {
  browser = await launch();
  server = await mock({ hostile: true });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

for (const bypassCSP of [false, true]) {
  test(`nothing of it runs ${bypassCSP ? "even without the policy" : "under the policy"}`, async () => {
    const { context: plain } = await open(browser);
    await plain.close();
    const context = await browser.newContext({ bypassCSP, viewport: { width: 1360, height: 860 } });
    const page = await context.newPage();
    const broken = [];
    page.on("console", (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) broken.push(message.text());
    });
    page.on("pageerror", (error) => broken.push(String(error)));
    page.on("request", (request) => {
      if (new URL(request.url()).hostname !== "127.0.0.1") broken.push(request.url());
    });
    await page.goto(server.url);
    await page.locator(".incident").nth(3).waitFor();
    assert.match(await page.locator(".incident").first().textContent(), /<img src=x/, "the markup is shown as text");
    const incident = await page.locator(".incident-title a").first().getAttribute("href");
    await page.goto(`${server.url}/#/resources`);
    await page.locator(".resource").first().waitFor();
    const resource = await page.locator(".resource-what a").first().getAttribute("href");
    for (const [hash, ready] of [[incident, "Audit proof"], [resource, "About it"], ["#/audit", "The trail, newest first"], ["#/silences", "Holding now"], ["#/security", "Incidents that look like an attack"], ["#/settings", "Under repair"]]) {
      await page.goto(`${server.url}/${hash}`);
      await page.getByRole("heading", { name: ready }).waitFor();
      await page.waitForTimeout(200);
      assert.equal(await page.evaluate(() => window.pwned), undefined, hash);
      assert.equal(await page.locator("main img, main script, main iframe").count(), 0, hash);
    }
    await page.goto(`${server.url}/${incident}`);
    await page.locator("pre.sample", { hasText: "<script>" }).first().waitFor();
    assert.deepEqual(broken, []);
    await context.close();
  });
}

test("addresses that are no web links are no links", async () => {
  const { page, context } = await open(browser);
  await page.route("**/events/inc_*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    body.finding.causes[0].runbook = "javascript:window.pwned=1";
    await route.fulfill({ response, json: body });
  });
  await page.goto(server.url);
  await page.locator(".incident-title a").first().click();
  await page.getByText("Next:").first().waitFor();
  assert.equal(await page.locator('a[href^="javascript:"]').count(), 0);
  assert.equal(await page.getByRole("link", { name: "Runbook" }).count(), 0);
  await context.close();
});
