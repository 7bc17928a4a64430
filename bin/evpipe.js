#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { runKeptScript } from './kept-script.js';

const main = new URL('../dist/main.cjs', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('evpipe is not built yet: dist/ is missing. Run `npm run build` in its folder.\n');
  process.exit(70);
}
runKeptScript(main);
