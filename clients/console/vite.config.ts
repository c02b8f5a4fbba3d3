import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  // Absolute, because `/logs?execution_id=…` is served the same page as `/`.
  base: '/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The server's Content-Security-Policy admits no data: URLs.
    assetsInlineLimit: 0,
  },
});
