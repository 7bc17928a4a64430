// Runs a script of dist/ whose compiled code is kept: V8 compiles it once for each of its versions and sets of flags, and what the
// first process has compiled is kept beside it for those after it. Loading takes half the CPU then, and of Node 20 only scripts can do it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';

const OPENING = '(function (require, module, __filename, loadEs) {';

/** What the script exports. Throws as `readFileSync` does where it is missing. */
export function runKeptScript(url) {
  const file = fileURLToPath(url);
  const source = readFileSync(file, 'latin1');
  /** V8 tells two programs apart only by their length, so the name has what the build says of the content. */
  const compiled = `${file}.${source.slice(source.lastIndexOf('//') + 2)}.${process.arch}-${cachedDataVersionTag()}`;
  const cachedData = readIfThere(compiled);
  const script = new Script(`${OPENING}${source}\n})`, { filename: file, columnOffset: -OPENING.length, cachedData });
  if (cachedData === undefined || script.cachedDataRejected) process.once('exit', () => keep(script, compiled));
  const module = { exports: {} };
  script.runInThisContext()(
    createRequire(file),
    module,
    file,
    (specifier) => import(specifier.startsWith('.') ? new URL(specifier, url).href : specifier),
  );
  return module.exports;
}

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function keep(script, compiled) {
  const whole = `${compiled}.${process.pid}`;
  try {
    writeFileSync(whole, script.createCachedData());
    renameSync(whole, compiled);
  } catch {
    // A folder that can't be written to: each process compiles for itself.
  }
}
