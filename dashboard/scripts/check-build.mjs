// What was built must load fast and stand a strict policy: no inline script or style, nothing from elsewhere, files that lie flat.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const DIST = join(import.meta.dirname, "../dist");
const MOST_FIRST_LOAD = 150_000;

const html = readFileSync(join(DIST, "index.html"), "utf8");
const problems = [];

const scripts = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map((found) => found[1]);
const size = (path) => gzipSync(readFileSync(join(DIST, path)), { level: 9 }).length;
const first = scripts.map(size).reduce((sum, one) => sum + one, 0);
if (scripts.length === 0) problems.push("index.html loads no script");
if (first > MOST_FIRST_LOAD) problems.push(`the first load has ${first} bytes of gzipped JavaScript, more than ${MOST_FIRST_LOAD}`);

if (/<script(?![^>]*\bsrc=)/.test(html) || /<style|\sstyle=|\son\w+=/.test(html)) problems.push("index.html has an inline script, style or handler");
if (/(?:src|href)="(?:https?:)?\/\//.test(html)) problems.push("index.html loads something from elsewhere");

const assets = readdirSync(join(DIST, "assets"));
for (const name of assets) {
  const path = join(DIST, "assets", name);
  if (!statSync(path).isFile()) problems.push(`assets/${name} is a folder: only flat files are served`);
  else if (name.endsWith(".css") && /url\((?!#)|@import/.test(readFileSync(path, "utf8"))) problems.push(`assets/${name} loads something`);
  else if (name.endsWith(".js") && /\beval\(|new Function\(/.test(readFileSync(path, "utf8"))) problems.push(`assets/${name} makes code of text`);
}

const all = assets.filter((name) => name.endsWith(".js")).map((name) => size(`assets/${name}`)).reduce((sum, one) => sum + one, 0);
console.log(`first load ${(first / 1000).toFixed(1)} kB of gzipped JavaScript (at most ${MOST_FIRST_LOAD / 1000}), ${(all / 1000).toFixed(1)} kB with every page`);
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
