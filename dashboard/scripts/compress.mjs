// Every text of the build with Brotli as well, once and as small as it gets: the API serves it to whoever takes it.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const DIST = join(import.meta.dirname, "../dist");
const TEXT = /\.(?:html|js|css|svg|webmanifest)$/;

let before = 0;
let after = 0;
for (const name of readdirSync(DIST, { recursive: true })) {
  if (!TEXT.test(name)) continue;
  const text = readFileSync(join(DIST, name));
  const compressed = brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
  writeFileSync(join(DIST, `${name}.br`), compressed);
  before += text.length;
  after += compressed.length;
}
console.log(`${(before / 1000).toFixed(1)} kB of text, ${(after / 1000).toFixed(1)} kB with Brotli`);
