#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('evpipe is not built yet: dist/ is missing. Run `npm run build` in its folder.\n');
  process.exit(70);
}
