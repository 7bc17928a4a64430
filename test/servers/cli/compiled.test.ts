import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageFile } from '../../../src/support/package.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-compiled-'));
  for (const name of ['bin', 'dist']) mkdirSync(join(folder, name));
  for (const name of ['evpipe.js', 'kept-script.js']) cpSync(packageFile('bin', name), join(folder, 'bin', name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As the build leaves it: its last line names its content. */
function build(program: string, name: string): void {
  writeFileSync(join(folder, 'dist', 'main.cjs'), `${program}\n//${name}`);
}

const run = (...flags: readonly string[]): string =>
  execFileSync(process.execPath, [...flags, join(folder, 'bin', 'evpipe.js')], { encoding: 'utf8' });
const runModule = (text: string): string => {
  const module = `import { runKeptScript } from '${join(folder, 'bin', 'kept-script.js')}'; ${text}`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', module], { encoding: 'utf8' });
};
const compiled = (): readonly string[] =>
  readdirSync(join(folder, 'dist')).filter((file) => file.startsWith('main.cjs.'));

it('keeps what the first command has compiled, and takes it for the next', () => {
  build("console.log('old')", 'one');
  expect(run()).toBe('old\n');
  const kept = compiled();
  expect(kept).toEqual([expect.stringMatching(/^main\.cjs\.one\.\w+-\d+$/)]);
  // No build leaves another content under the same name: only what was kept can say this.
  build("console.log('new')", 'one');
  expect(run()).toBe('old\n');
  expect(compiled()).toEqual(kept);
});

it('imports modules and those beside it, also where it takes what was compiled', () => {
  writeFileSync(join(folder, 'dist', 'beside.js'), "export const text = 'beside'");
  build(
    "loadEs('./beside.js').then(({ text }) => loadEs('node:os').then(({ EOL }) => process.stdout.write(text + EOL)))",
    'one',
  );
  expect(run()).toBe('beside\n');
  expect(run()).toBe('beside\n');
});

it('exports what the script does', () => {
  build('module.exports = { text: __filename.slice(-8) + typeof require }', 'one');
  const ask = () => runModule(`console.log(runKeptScript(new URL('file://${join(folder, 'dist', 'main.cjs')}')).text)`);
  expect([ask(), ask()]).toEqual(['main.cjsfunction\n', 'main.cjsfunction\n']);
});

it('keeps what is compiled under other flags of V8 apart', () => {
  build("console.log('program')", 'one');
  expect([run(), run('--max-old-space-size=300'), run(), run('--max-old-space-size=300')]).toEqual(
    Array.from({ length: 4 }, () => 'program\n'),
  );
  expect(compiled()).toHaveLength(2);
});

it('keeps again what a long process has compiled that needed much more than the one before', () => {
  const functions = Array.from({ length: 10_000 }, (_, i) => `(one) => [one + ${i}, one * ${i}, one - ${i}].length`);
  build(
    `const all = [${functions.join()}]; module.exports = (count) => all.slice(0, count).every((one) => one(1) === 3)`,
    'one',
  );
  const runLong = (count: number): string =>
    runModule(
      `console.log(runKeptScript(new URL('file://${join(folder, 'dist', 'main.cjs')}'), { longS: 0 })(${count}))`,
    );
  const keptBytes = () => compiled().map((file) => statSync(join(folder, 'dist', file)).size);
  expect(runLong(1)).toBe('true\n');
  const [little = 0] = keptBytes();
  expect(runLong(10_000)).toBe('true\n');
  const [much = 0] = keptBytes();
  expect(much).toBeGreaterThan(1.5 * little);
  expect([runLong(1), runLong(10_000)]).toEqual(['true\n', 'true\n']);
  expect(keptBytes()).toEqual([much]);
});

it('keeps nothing with flags that were set while it ran: no process would take it, and each would write its own', () => {
  build("require('node:v8').setFlagsFromString('--heap-growing-percent=25'); console.log('program')", 'one');
  expect([run(), compiled()]).toEqual(['program\n', []]);
});

it('runs another build of the same length as it is now, not what was compiled of the one before', () => {
  build("console.log('old')", 'one');
  expect(run()).toBe('old\n');
  build("console.log('new')", 'two');
  expect(run()).toBe('new\n');
  expect(run()).toBe('new\n');
});

it('runs the program where what was kept is damaged', () => {
  build("console.log('whole')", 'one');
  run();
  for (const file of compiled()) writeFileSync(join(folder, 'dist', file), 'damaged');
  expect(run()).toBe('whole\n');
});

it('says how to build it where it is not built', () => {
  expect(() => run()).toThrow('evpipe is not built yet: dist/ is missing. Run `npm run build` in its folder.');
});
