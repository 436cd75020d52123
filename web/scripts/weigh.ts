// What a listener downloads before any sound: the page and all it loads at once, gzipped.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [folder = '', page = '', budget = '0'] = process.argv.slice(2);
const seen = new Set<string>();

/** Bytes of a file and of everything that it loads without being asked (static imports only). */
function weigh(path: string): number {
  if (seen.has(path)) return 0;
  seen.add(path);
  const body = readFileSync(join(folder, path));
  const text = body.toString('utf8');
  let bytes = gzipSync(body, { level: 9 }).length;
  if (path.endsWith('.html')) {
    for (const found of text.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g))
      bytes += weigh(found[1] ?? '');
  } else if (path.endsWith('.js')) {
    for (const found of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g))
      bytes += weigh(`assets/${found[1]}`);
    for (const found of text.matchAll(/["'`]\/?(assets\/[^"'`]+\.svg)["'`]/g))
      bytes += weigh(found[1] ?? '');
  }
  return bytes;
}

const bytes = weigh(page);
if ([...seen].some((path) => path.includes('hls'))) {
  console.error(`pages: ${page} loads hls.js at once; it must come only when there is sound`);
  process.exit(1);
}
const said = `${(bytes / 1024).toFixed(1)} KB gzipped of ${(Number(budget) / 1024).toFixed(0)}`;
if (bytes > Number(budget)) {
  console.error(`pages: ${page} is too heavy: ${said}`);
  process.exit(1);
}
console.log(`pages: ${page} ${said}`);
