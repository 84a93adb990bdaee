// Ten thousand incidents: read page by page, shown at once, and the rows in sight alone are in the document.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mock } from "../mock/server.mjs";
import { launch, open } from "./browser.mjs";

const AMOUNT = 10_000;
let browser;
let server;
before(async () => {
  browser = await launch();
  server = await mock({ incidents: AMOUNT });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test("ten thousand incidents stay usable", async (t) => {
  const { page, context, errors } = await open(browser);
  const began = Date.now();
  await page.goto(server.url);
  await page.locator(".incident").first().waitFor();
  const first = Date.now() - began;
  await page.waitForFunction(() => Number(document.querySelector(".segment .amount")?.textContent) > 8000, undefined, { timeout: 60_000 });
  const all = Date.now() - began;
  assert.ok((await page.locator(".incident").count()) < 60, "only what is in sight is rendered");

  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
    }).observe({ entryTypes: ["longtask"] });
  });
  await page.locator(".scroller").hover();
  for (let turn = 0; turn < 30; turn += 1) {
    await page.mouse.wheel(0, 4000);
    await page.waitForTimeout(20);
  }
  await page.waitForFunction(() => Number(document.querySelector(".virtual-row")?.getAttribute("aria-posinset")) > 1000);
  assert.ok((await page.locator(".incident").count()) < 60);

  await page.keyboard.press("End");
  await page.waitForFunction(() => document.activeElement?.closest(".virtual-row")?.getAttribute("aria-posinset") === document.activeElement?.closest(".virtual-row")?.getAttribute("aria-setsize"));
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.activeElement?.closest(".virtual-row")?.getAttribute("aria-posinset") === "1");

  const typed = Date.now();
  await page.keyboard.press("/");
  await page.keyboard.insertText("search-1 disk");
  await page.waitForFunction(() => [...document.querySelectorAll(".incident")].every((row) => row.textContent.includes("search-1")));
  const found = Date.now() - typed;

  await page.getByRole("searchbox").fill("ffffffff");
  await page.getByText("Nothing matches").waitFor();
  const pushed = Date.now();
  const made = server.push();
  await page.locator(`[data-id="${made.id}"]`).waitFor({ timeout: 2000 });
  const shown = Date.now() - pushed;
  const longest = await page.evaluate(() => Math.round(window.longest));
  t.diagnostic(`first row after ${first} ms, all read after ${all} ms, search ${found} ms, news shown after ${shown} ms, longest task while scrolling and searching ${longest} ms`);
  assert.ok(longest < 2000, `a task took ${longest} ms`);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a click on a row half out of sight opens it: the list does not move under the button, whatever comes meanwhile", async () => {
  const { page, context, errors } = await open(browser);
  await page.goto(server.url);
  await page.locator(".incident").first().waitFor();
  // Before all are read: rows arrive while the button is down.
  await page.waitForFunction(() => document.querySelectorAll(".incident").length > 12);
  const last = await page.evaluate(() => {
    const bottom = document.querySelector(".scroller").getBoundingClientRect().bottom;
    const links = [...document.querySelectorAll(".incident a")].map((link) => link.getBoundingClientRect());
    const { x, y, height } = links.filter((box) => box.bottom < bottom).at(-1);
    return { x, y, height };
  });
  await page.mouse.move(last.x + 20, last.y + last.height / 2);
  await page.mouse.down();
  server.push();
  await page.waitForTimeout(200);
  await page.mouse.up();
  await page.waitForURL(/#\/events\/inc_/);
  assert.deepEqual(errors, []);
  await context.close();
});
