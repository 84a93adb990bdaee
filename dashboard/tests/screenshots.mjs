// Takes the README's pictures, of a fleet whose troubles are the same every time: npm run build && npm run screenshots
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { mock } from "../mock/server.mjs";
import { DESKTOP, PHONE, launch, open } from "./browser.mjs";

const TARGET = join(import.meta.dirname, "../../docs/screenshots");
const NOW = Date.parse("2026-11-21T10:04:00Z");

mkdirSync(TARGET, { recursive: true });
const server = await mock({ now: NOW, absent: [] });
const browser = await launch();

async function take(name, look, hash, prepare = async () => undefined) {
  const { page, context } = await open(browser, look);
  await page.clock.setFixedTime(NOW);
  await page.goto(`${server.url}/${hash}`);
  await page.locator("h1").first().waitFor();
  await prepare(page);
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(TARGET, `${name}.png`) });
  await context.close();
}

const toFirst = async (page) => {
  await page.locator(".incident-title a").first().click();
  await page.locator(".uplot canvas").waitFor();
};

await take("now", { viewport: DESKTOP }, "#/", (page) => page.keyboard.press("j"));
await take("incident", { viewport: { width: 1360, height: 1180 }, colorScheme: "light" }, "#/", toFirst);
await take("audit", { viewport: { width: 1360, height: 620 } }, "#/audit", async (page) => {
  await page.getByRole("button", { name: "Verify in this browser" }).click();
  await page.getByText("Whole, by this browser’s own computation").waitFor();
});
await take("phone-now", { viewport: PHONE }, "#/");
await take("phone-incident", { viewport: PHONE, colorScheme: "light" }, "#/", toFirst);
await browser.close();
await server.close();
