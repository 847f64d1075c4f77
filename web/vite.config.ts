import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { documentsPlugin } from './documents-plugin.ts';

/** What the server puts the nonce of an answer in place of: see `src/api/pages.ts`. */
const NONCE_PLACE = '__NONCE__';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react(), documentsPlugin(join(import.meta.dirname, '../docs'))],
  html: { cspNonce: NONCE_PLACE },
  build: {
    outDir: join(import.meta.dirname, '../dist/pages'),
    emptyOutDir: true,
    // No owner of repositories begins with a dash, so that these addresses are nobody's.
    assetsDir: '-/assets',
    // A data: address would need a wider policy.
    assetsInlineLimit: 0,
    target: 'es2024',
    // `light-dark()` as it is.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    manifest: 'manifest.json',
    sourcemap: false,
    chunkSizeWarningLimit: 700,
  },
});
