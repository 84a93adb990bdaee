// Debian's Chromium, driven by Playwright.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/opt/google/chrome/chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

/** Starts a headless browser that talks to nobody but the page's own server. */
export async function launch() {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  if (executablePath === undefined) throw new Error("no Chromium was found: install it (on Debian and Ubuntu: apt-get install chromium) or set CHROMIUM to its path");
  return chromium.launch({
    executablePath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb"],
  });
}

export const DESKTOP = { width: 1360, height: 860 };
export const PHONE = { width: 390, height: 844 };

/** A page of its own, in Greenwich, that keeps what went wrong on it. */
export async function open(browser, { viewport = DESKTOP, colorScheme = "dark", timezoneId = "Europe/London", permissions = [], acceptDownloads = true } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, timezoneId, locale: "en-GB", permissions, acceptDownloads, reducedMotion: "reduce", deviceScaleFactor: 1 });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) errors.push(message.text());
  });
  return { page, context, errors };
}
