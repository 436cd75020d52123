// The pages are built into the Python package, so that the wheel carries them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** `<!--head: POLICY-->` becomes what every page's head begins with; POLICY is its referrer policy. */
const shared_head: Plugin = {
  name: 'shared-head',
  transformIndexHtml: {
    order: 'pre', // before Vite looks for what the page refers to
    handler(shell, { path }) {
      const lines = readFileSync(here('src/ground/head.html'), 'utf8').trimEnd().split('\n');
      let found = 0;
      const page = shell.replace(
        /^( *)<!--head: ([a-z-]+)-->$/gm,
        (_, indent: string, policy: string) => {
          found += 1;
          return lines.map((line) => indent + line.replace('__REFERRER__', policy)).join('\n');
        },
      );
      if (found !== 1) throw new Error(`${path} needs one line <!--head: REFERRER-POLICY-->`);
      return page;
    },
  },
};

export default defineConfig({
  root: here('.'),
  base: '/',
  publicDir: false,
  logLevel: 'warn',
  plugins: [shared_head],
  build: {
    outDir: here('../src/rostra/pages'),
    emptyOutDir: true,
    target: ['es2022', 'chrome107', 'firefox104', 'safari16'],
    // The Content-Security-Policy allows no inline code, and one request for each page is enough.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
    rollupOptions: {
      input: ['index', 'event', 'stage', 'control', 'count', '404'].map((name) =>
        here(`${name}.html`),
      ),
    },
  },
});
