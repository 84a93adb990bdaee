// What somebody does at night: sees it come, opens it, acts on it by keyboard, loses the connection, signs in and out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { USER, mock } from "../mock/server.mjs";
import { launch, open } from "./browser.mjs";

let browser;
let server;
let context;
let page;
let errors;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function enter(options = {}, look = {}) {
  server = await mock(options);
  ({ context, page, errors } = await open(browser, look));
  await page.goto(server.url);
}

afterEach(async () => {
  assert.deepEqual(errors, []);
  await context.close();
  await server.close();
});

const rows = () => page.locator(".incident");
const live = (state) => page.locator(`.side [data-live="${state}"]`).waitFor();

describe("now", () => {
  beforeEach(() => enter());

  test("stands worst first", async () => {
    await rows().nth(3).waitFor();
    const levels = await page.locator(".incident:not(.is-taken) .severity").allTextContents();
    const order = ["Critical", "High", "Medium", "Low", "Info"];
    assert.deepEqual(levels, levels.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
  });

  test("shows an incident within two seconds, at its place, without a reload", async () => {
    await live("live");
    const made = server.push();
    await page.locator(`[data-id="${made.id}"]`).waitFor({ timeout: 2000 });
    assert.match(await page.locator(`[data-id="${made.id}"]`).getAttribute("class"), /is-fresh/);
  });

  test("is worked by keyboard alone: choose, acknowledge, open, resolve; and it stays so", async () => {
    await rows().first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    const chosen = page.locator(".incident.is-selected");
    const id = await chosen.getAttribute("data-id");
    await page.waitForFunction((wanted) => document.activeElement?.id === `row-${wanted}`, id);
    await page.keyboard.press("a");
    await page.locator("dialog[open] textarea:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.locator(`[data-id="${id}"] .chip:has-text("Acknowledged")`).waitFor();
    await page.reload();
    await page.locator(`[data-id="${id}"] .chip:has-text("Acknowledged")`).waitFor();

    await page.locator(`#row-${id}`).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    await page.keyboard.press("e");
    await page.locator("dialog[open] textarea:focus").waitFor();
    await page.keyboard.type("rolled back");
    await page.keyboard.press("Enter");
    await page.locator(".incident-head .chip:has-text('Resolved')").waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    await rows().first().waitFor();
    assert.equal(await page.locator(`[data-id="${id}"]`).count(), 0);
  });

  test("suppresses until a time, assigns, approves", async () => {
    await rows().nth(3).waitFor();
    const claim = page.locator(".incident", { hasText: "Waits for approval" });
    await claim.getByRole("button", { name: "Approve or deny" }).click();
    await page.getByLabel("Why").fill("the customer waits");
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    await claim.waitFor({ state: "detached" });

    const first = page.locator(`[data-id="${await rows().first().getAttribute("data-id")}"]`);
    await first.getByRole("button", { name: "Assign" }).click();
    await page.getByLabel("To whom").fill("kim@example.com");
    await page.getByLabel("Why").fill("knows the heap");
    await page.getByRole("dialog").getByRole("button", { name: "Assign" }).click();
    await page.locator("dialog").waitFor({ state: "detached" });
    await first.getByRole("button", { name: "Suppress" }).click();
    await page.getByRole("button", { name: "4 h" }).click();
    await page.getByLabel("Why").fill("known");
    await page.getByRole("dialog").getByRole("button", { name: "Suppress" }).click();
    await first.locator(".chip:has-text('Suppressed')").waitFor();
    assert.ok(server.requests.some((request) => request.endsWith("/assign")));
  });

  test("filters and finds", async () => {
    await rows().nth(3).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("checkout-1");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => [...document.querySelectorAll(".incident")].every((row) => row.textContent.includes("checkout-1")));
    await page.getByRole("searchbox").fill("no such thing");
    await page.getByText("Nothing matches").waitFor();
    await page.getByRole("button", { name: "Resolved", exact: true }).click();
    await page.getByRole("table").waitFor();
  });

  test("refuses to act on what has changed meanwhile, in words", async () => {
    await live("live");
    const id = await rows().first().getAttribute("data-id");
    await page.route("**/acknowledge", async (route) => {
      await route.continue({ headers: { ...route.request().headers(), "if-match": '"0"' } });
    });
    await page.locator(`[data-id="${id}"]`).getByRole("button", { name: "Acknowledge" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
    await page.getByText("Somebody changed it meanwhile").waitFor();
  });
});

describe("an incident", () => {
  test("changes before your eyes, and leaves a record", async () => {
    await enter();
    await live("live");
    await rows().first().getByRole("link").click();
    await page.getByRole("heading", { name: "Audit proof" }).waitFor();
    await page.getByText("every hash was recomputed here and fits").waitFor();
    await page.locator(".uplot canvas").waitFor();
    const instance = page.getByRole("region", { name: "Around it" }).getByRole("heading", { name: "The instance" }).locator("..");
    assert.match(await instance.innerText(), /running, started .*\s+Status checks: host ok, instance impaired\s+system-reboot from /);
    const id = decodeURIComponent(new URL(page.url()).hash.split("/")[2]);
    await page.evaluate((one) => fetch(`/alerts/${one}/acknowledge`, { method: "POST", body: JSON.stringify({ why: "from elsewhere" }) }), id);
    await page.locator(".timeline", { hasText: "from elsewhere" }).waitFor({ timeout: 2000 });

    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("x")]);
    assert.equal(download.suggestedFilename(), `${id}.md`);
    const text = readFileSync(await download.path(), "utf8");
    assert.match(text, /^# CPUUtilization of checkout-1/);
    assert.match(text, /from elsewhere/);
    assert.match(text, /notification\.sent slack/);
  });

  test("that is not there says so", async () => {
    await enter();
    await page.goto(`${server.url}/#/events/inc_00000000000000000000`);
    await page.getByText("There is no such incident").waitFor();
  });
});

describe("the connection", () => {
  test("falls back to asking, and comes back", async () => {
    await enter();
    await live("live");
    server.setDown(true);
    await live("offline");
    await page.getByText("The API cannot be reached").waitFor();
    assert.ok((await rows().count()) > 3, "what was known is still shown");
    const made = server.push();
    server.setDown(false);
    await live("live");
    await page.locator(`[data-id="${made.id}"]`).waitFor();
  });

  test("without a WebSocket asks every few seconds", async () => {
    await enter({ live: false });
    await live("polling");
    await page.clock.install();
    await page.reload();
    await live("polling");
    const made = server.push();
    await page.clock.fastForward(16_000);
    await page.locator(`[data-id="${made.id}"]`).waitFor();
  });
});

describe("the audit page", () => {
  test("verifies in the browser, and tells what was tampered with", async () => {
    await enter();
    await page.goto(`${server.url}/#/audit`);
    await page.getByRole("button", { name: "Verify in this browser" }).click();
    await page.getByText("Whole, by this browser’s own computation").waitFor();
    server.tamper();
    await page.getByRole("button", { name: "Verify again" }).click();
    await page.getByText("Not whole: 1 fault").waitFor();
    assert.match(await page.locator(".verify-result").textContent(), /shard-.\/\d+ edited/);
  });
});

describe("products", () => {
  test("are named, changed and removed", async () => {
    await enter();
    await page.goto(`${server.url}/#/products`);
    await page.getByRole("button", { name: "New product" }).click();
    await page.getByLabel("Name").fill("reports");
    await page.getByLabel("Resources").fill('tag:app="reports"');
    await page.getByLabel("Owner").fill("data");
    await page.getByRole("button", { name: "Save" }).click();
    const row = page.getByRole("row", { name: "reports" });
    await row.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Owner").fill("platform");
    await page.getByRole("button", { name: "Save" }).click();
    await row.getByText("platform").waitFor();
    await row.getByRole("button", { name: "Edit" }).click();
    await page.getByRole("button", { name: "Remove" }).click();
    await row.waitFor({ state: "detached" });
  });
});

describe("thresholds", () => {
  test("are tried, set and brought back", async () => {
    await enter();
    await page.goto(`${server.url}/#/thresholds`);
    const row = page.getByRole("region", { name: "EC2 instance, table" }).getByRole("row", { name: "CPUUtilization" });
    await row.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Critical").fill("90");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByText("would have fired 3 times in the last seven days, 45 minutes in all").waitFor();
    await page.getByLabel("Critical").fill("97");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByText("would not have fired in the last seven days").waitFor();
    await page.getByLabel("Why").fill("batch nights");
    await page.getByRole("button", { name: "Save" }).click();
    await row.getByText("> 97 Percent").waitFor();
    await row.getByText("set here").waitFor();
    await page.getByRole("button", { name: "Revert" }).click();
    await page.getByLabel("Why").fill("it was right");
    await page.getByRole("dialog").getByRole("button", { name: "Revert" }).click();
    await row.getByText("> 95 Percent").waitFor();
  });
});

describe("settings", () => {
  test("stop everything, and resume, with a reason", async () => {
    await enter();
    await page.goto(`${server.url}/#/settings`);
    await page.getByRole("button", { name: "Stop everything" }).click();
    await page.getByLabel("Why").fill("a wrong policy");
    await page.getByRole("dialog").getByRole("button", { name: "Stop everything" }).click();
    await page.getByText("a wrong policy").waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByLabel("Why").fill("mended");
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await page.getByText("Running.").waitFor();
  });

  test("keep colours and clock over a reload", async () => {
    await enter({}, { timezoneId: "America/New_York" });
    await page.goto(`${server.url}/#/settings`);
    await page.getByRole("button", { name: "Light" }).click();
    await page.getByRole("button", { name: "UTC", exact: true }).click();
    await page.reload();
    await page.getByRole("button", { name: "Times are in UTC; change" }).waitFor();
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "light");
  });
});

describe("signing in", () => {
  const signIn = async (password) => {
    await page.getByLabel("E-mail address").fill(USER.email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };

  test("shows nothing before, refuses a wrong password, survives a reload, ends at sign-out", async () => {
    await enter({ auth: "cognito" });
    await page.getByLabel("E-mail address").waitFor();
    assert.deepEqual(server.requests, []);
    await signIn("wrong");
    await page.getByText("The e-mail address or the password is wrong.").waitFor();
    await signIn(USER.password);
    await rows().first().waitFor();
    await live("live");
    await page.reload();
    await rows().first().waitFor();
    assert.equal(await page.evaluate(() => Object.values(localStorage).join()), "", "no token outlives the tab");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("E-mail address").waitFor();
    await page.reload();
    await page.getByLabel("E-mail address").waitFor();
  });

  test("asks for a new password when the first was temporary", async () => {
    await enter({ auth: "cognito" });
    await page.getByLabel("E-mail address").waitFor();
    await signIn("temporary");
    await page.getByLabel("New password").fill("short");
    await page.getByRole("button", { name: "Save and sign in" }).click();
    await page.getByText("Password not long enough").waitFor();
    await page.getByLabel("New password").fill("long enough for this");
    await page.getByRole("button", { name: "Save and sign in" }).click();
    await rows().first().waitFor();
  });

  test("as a viewer is told that only operators act", async () => {
    await enter({ role: "viewer" });
    await rows().first().getByRole("button", { name: "Acknowledge" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
    await page.getByText("this needs the role operator").waitFor();
    await page.keyboard.press("Escape");
    await page.goto(`${server.url}/#/settings`);
    await page.getByText("Running.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Stop everything" }).count(), 0);
  });
});
