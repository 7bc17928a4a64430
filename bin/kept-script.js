// Runs a script of dist/ whose compiled code is kept: V8 compiles it once for each of its versions and sets of flags, and what a
// process has compiled is kept beside it for those after it: that of the first, and of a long one that needed much more. Loading
// takes half the CPU then, and of Node 20 only scripts can do it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag, getHeapCodeStatistics } from 'node:v8';
import { Script } from 'node:vm';

/** In a process of so many seconds nobody notices the twentieth of one that keeping takes. */
const LONG_S = 2;
/** Bytes in memory of code that was kept, as a part of the file's, and of Node's own that a command needs. */
const OF_KEPT = 0.6;
const OF_NODE = 600_000;

const OPENING = '(function (require, module, __filename, loadEs) {';

/** What the script exports. Throws as `readFileSync` does where it is missing. */
export function runKeptScript(url, { longS = LONG_S } = {}) {
  const file = fileURLToPath(url);
  const source = readFileSync(file, 'latin1');
  /** V8 tells two programs apart only by their length, so the name has what the build says of the content. */
  const version = cachedDataVersionTag();
  const compiled = `${file}.${source.slice(source.lastIndexOf('//') + 2)}.${process.arch}-${version}`;
  const cachedData = readIfThere(compiled);
  const script = new Script(`${OPENING}${source}\n})`, { filename: file, columnOffset: -OPENING.length, cachedData });
  const keptBytes = cachedData === undefined || script.cachedDataRejected ? 0 : cachedData.length;
  process.once('exit', () => {
    // With flags that were set since, no process would take it.
    if (cachedDataVersionTag() !== version) return;
    if (keptBytes === 0 || (process.uptime() > longS && hasMuchMore(keptBytes))) keep(script, compiled);
  });
  const module = { exports: {} };
  script.runInThisContext()(
    createRequire(file),
    module,
    file,
    (specifier) => import(specifier.startsWith('.') ? new URL(specifier, url).href : specifier),
  );
  return module.exports;
}

const hasMuchMore = (keptBytes) => getHeapCodeStatistics().bytecode_and_metadata_size > keptBytes * OF_KEPT + OF_NODE;

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
