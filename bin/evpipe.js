#!/usr/bin/env node
// Runs dist/main.cjs. V8 compiles it once for each of its versions and sets of flags: what the first command has compiled is kept
// beside it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';

const main = new URL('../dist/main.cjs', import.meta.url);
const file = fileURLToPath(main);
const source = readIfThere(file)?.toString('latin1');
if (source === undefined) {
  process.stderr.write('evpipe is not built yet: dist/ is missing. Run `npm run build` in its folder.\n');
  process.exit(70);
}

/** V8 tells two programs apart only by their length, so the name has what the build says of the content. */
const compiled = `${file}.${source.slice(source.lastIndexOf('//') + 2)}.${process.arch}-${cachedDataVersionTag()}`;
const cachedData = readIfThere(compiled);
const opening = '(function (require, __filename, loadEs) {';
const script = new Script(`${opening}${source}\n})`, {
  filename: file,
  columnOffset: -opening.length,
  cachedData,
});
if (cachedData === undefined || script.cachedDataRejected) process.once('exit', keepCompiled);
script.runInThisContext()(
  createRequire(file),
  file,
  (specifier) => import(specifier.startsWith('.') ? new URL(specifier, main).href : specifier),
);

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function keepCompiled() {
  const whole = `${compiled}.${process.pid}`;
  try {
    writeFileSync(whole, script.createCachedData());
    renameSync(whole, compiled);
  } catch {
    // A folder that can't be written to: each command compiles for itself.
  }
}
