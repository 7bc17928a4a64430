import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileWatch, watchedFiles } from '../../../src/operations/up/watch.js';
import { Workspace } from '../pipeline/workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

function watched() {
  workspace.write('app/run.py', '');
  workspace.write('app/run.ini.in', '');
  workspace.write('sql/once.sql', '');
  const { pipeline } = workspace.loadWith(`
services:
  app: { command: [python3, run.py, --fast], cwd: app, files: { app/run.ini: app/run.ini.in } }
jobs:
  once: { command: [sh, -c, ':'], inputs: [sql/once.sql] }
`);
  if (pipeline === undefined) throw new Error('no pipeline');
  return watchedFiles(pipeline);
}

const named = (found: Awaited<ReturnType<FileWatch['nextChange']>>) =>
  found?.map(({ path, service }) => `${relative(workspace.folder, path)} ${service}`);

it('watches the file, folders of modules, what commands name, templates and inputs', () => {
  const all = new Set(named(watched()));
  expect([...all].sort()).toEqual([
    'app/run.ini.in undefined',
    'app/run.py app',
    'evpipe.yaml undefined',
    'services undefined',
    'sql/once.sql undefined',
  ]);
});

it('tells what has changed together, also by a file that takes the place of another', async () => {
  const change = new FileWatch(watched(), new AbortController().signal).nextChange();
  workspace.write('app/run.py.new', 'print(1)');
  renameSync(join(workspace.folder, 'app/run.py.new'), join(workspace.folder, 'app/run.py'));
  writeFileSync(join(workspace.folder, 'evpipe.yaml'), 'version: 1\n', { flag: 'a' });
  expect(named(await change)?.sort()).toEqual(['app/run.py app', 'evpipe.yaml undefined']);
});

it('does not see what programs write beside their sources, and ends with its signal', async () => {
  const end = new AbortController();
  const all = watched();
  const change = new FileWatch(all, end.signal).nextChange();
  mkdirSync(join(workspace.folder, 'services/__pycache__'));
  workspace.write('services/__pycache__/x.pyc', '');
  workspace.write('services/debug.log', '');
  workspace.write('app/run.log', '');
  workspace.write('app/run.py', 'print(2)');
  expect(named(await change)).toEqual(['app/run.py app']);
  const later = new FileWatch(all, end.signal).nextChange();
  end.abort();
  expect(await later).toBeUndefined();
});

it('tells what has changed since it was made, asked for later', async () => {
  const files = new FileWatch(watched(), new AbortController().signal);
  workspace.write('app/run.py', 'print(3)');
  await new Promise(setImmediate); // the event is there before anybody asks
  expect(named(await files.nextChange())).toEqual(['app/run.py app']);
});
