// The pages are built into the Python package, so that the wheel carries them.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: '/',
  publicDir: false,
  logLevel: 'warn',
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
      input: ['index', 'event', 'stage', 'control', '404'].map((name) => here(`${name}.html`)),
    },
  },
});
