// A person at the page of a deployment, led by a test in another language: a step a line on standard input, an answer a line.
//   node tests/visitor.mjs URL USER PASSWORD FOLDER-FOR-PICTURES
import { join } from "node:path";
import { createInterface } from "node:readline";
import { violations } from "./axe.mjs";
import { launch, open } from "./browser.mjs";

const [, , url, user, password, folder] = process.argv;
const browser = await launch();
const { page, errors } = await open(browser);
page.setDefaultTimeout(20_000);

const rowOf = (resource) => page.locator(".incident", { has: page.getByTitle(resource, { exact: true }) }).first();
/** Of a long list only what is in sight is in the document: the search brings it there. */
const search = (resource) => page.getByRole("searchbox").fill(resource);

const steps = {
  async sign_in() {
    await page.goto(url);
    await page.getByLabel("E-mail address").fill(user);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator('.side [data-live="live"]').waitFor();
  },
  /** Waits for an incident of the resource to appear by itself; answers when it did, in seconds since 1970. */
  async see(resource) {
    await search(resource);
    await rowOf(resource).waitFor({ timeout: 120_000 });
    return { at: Date.now() / 1000 };
  },
  async acknowledge(resource) {
    await rowOf(resource).getByRole("button", { name: "Acknowledge" }).click();
    await page.getByLabel("Why").fill("on it, from the page");
    await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
    await rowOf(resource).locator(".chip", { hasText: "Acknowledged" }).waitFor();
  },
  /** Reads the page anew; what was done to the resource's incident is still so. */
  async reload(rest) {
    const [resource, state] = rest.split(" ");
    await page.reload();
    await search(resource);
    await rowOf(resource).locator(".chip", { hasText: state }).waitFor();
  },
  async suppress(resource) {
    await rowOf(resource).getByRole("button", { name: "Suppress" }).click();
    await page.getByLabel("Why").fill("known, until tomorrow");
    await page.getByRole("dialog").getByRole("button", { name: "Suppress" }).click();
    await rowOf(resource).locator(".chip", { hasText: "Suppressed" }).waitFor();
  },
  /** Agrees to what waits for it on the resource's row; it waits no longer. */
  async approve(resource) {
    const waiting = rowOf(resource).getByText("Waits for approval");
    await waiting.waitFor();
    await rowOf(resource).getByRole("button", { name: "Approve or deny" }).click();
    await page.getByLabel("Why").fill("seen the graphs");
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    await waiting.waitFor({ state: "detached" });
  },
  /** Previews and sets the threshold of EC2's processor use, and takes it back. */
  async threshold(critical) {
    await page.goto(`${url}#/thresholds`);
    const row = page.getByRole("region", { name: "EC2 instance, table" }).getByRole("row", { name: "CPUUtilization" });
    await row.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Critical").fill(critical);
    await page.getByRole("button", { name: "Preview" }).click();
    const preview = await page.getByText("in the last seven days").first().innerText();
    await page.getByLabel("Why").fill("batch nights");
    await page.getByRole("button", { name: "Save" }).click();
    await row.getByText(`> ${critical}`).waitFor();
    await page.reload();
    await row.getByText(`> ${critical}`).waitFor();
    await row.getByText("set here").waitFor();
    await page.getByRole("button", { name: "Revert" }).click();
    await page.getByLabel("Why").fill("it was right");
    await page.getByRole("dialog").getByRole("button", { name: "Revert" }).click();
    await row.getByText("set here").waitFor({ state: "detached" });
    return { preview };
  },
  async read(resource) {
    await rowOf(resource).getByRole("link").click();
    await page.getByRole("heading", { name: "Causes, likeliest first" }).waitFor();
    await page.getByText("every hash was recomputed here and fits").waitFor();
    await page.waitForFunction(() => document.querySelector(".skeleton") === null);
    await page.locator(".uplot canvas").first().waitFor({ timeout: 20_000 });
    return { causes: await page.locator(".cause h3").allTextContents(), charts: await page.locator(".uplot canvas").count() };
  },
  async audit() {
    await page.goto(`${url}#/audit`);
    await page.getByRole("button", { name: "Verify in this browser" }).click();
    await page.locator(".verify-result").waitFor();
    return { verdict: await page.locator(".verify-half strong").allTextContents() };
  },
  async visit(name) {
    await page.goto(`${url}#/${name}`);
    await page.locator("h1").first().waitFor();
    await page.waitForFunction(() => document.querySelector(".skeleton") === null);
    return { text: await page.locator("main").innerText(), violations: await violations(page) };
  },
  async picture(name) {
    await page.screenshot({ path: join(folder, `${name}.png`) });
  },
  async sign_out() {
    await page.getByRole("button", { name: "Sign out" }).first().click();
    await page.getByLabel("E-mail address").waitFor();
    await page.reload();
    await page.getByLabel("E-mail address").waitFor();
  },
  async errors() {
    return { errors };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...rest] = line.split(" ");
  try {
    if (!(name in steps)) throw new Error(`there is no step ${name}`);
    console.log(JSON.stringify({ ok: true, ...(await steps[name](rest.join(" "))) }));
  } catch (error) {
    await page.screenshot({ path: join(folder, `failed-${name}.png`) }).catch(() => undefined);
    console.log(JSON.stringify({ ok: false, problem: String(error), page: await page.locator("body").innerText().catch(() => "") }));
  }
}
await browser.close();
