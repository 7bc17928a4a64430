import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { packageFile } from '../../src/support/package.js';
import { EVPIPE } from '../support/evpipe.js';
import { PIPELINES } from '../support/pipelines.js';
import { shownCommands, withoutFigures } from '../support/shown-commands.js';

/** What the pages tell a newcomer to paste, pasted in a fresh copy, in order, by a shell. */
let copy: string;
let env: NodeJS.ProcessEnv;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'evpipe-readme-'));
  const isOurs = (file: string): boolean => !file.includes('/.evpipe');
  cpSync(packageFile('pipelines'), join(copy, 'pipelines'), { recursive: true, filter: isOurs });
  // In a clone npx finds the clone's own evpipe; npm ci has been tried where the package is.
  const bin = join(copy, 'bin');
  mkdirSync(bin);
  for (const [name, body] of [
    ['npx', `shift; npm_command=exec exec "${process.execPath}" "${EVPIPE}" "$@"`],
    ['npm', '[ "$*" = ci ]'],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, NO_COLOR: '1', CI: 'true' };
});

/** Commands without a file are about the only pipeline that runs. */
afterEach(async () => {
  for (const pipeline of PIPELINES) {
    if (existsSync(join(copy, 'pipelines', pipeline, '.evpipe')))
      await paste(`npx evpipe down pipelines/${pipeline} --volumes`);
  }
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function paste(line: string): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', line], { cwd: copy, env, encoding: 'utf8' }, (failure, stdout, stderr) =>
      resolve({ code: failure === null ? 0 : Number(failure.code ?? 1), said: `${stdout}${stderr}` }),
    );
  });
}

/** Follows for ever where it is not told to end. */
const untilItsEnd = (line: string): string => line.replace(/ evpipe tail (\S+)$/, ' evpipe tail $1 --exit -n 3');

async function pasteAll(page: string): Promise<void> {
  const commands = shownCommands(readFileSync(packageFile(page), 'utf8'));
  expect(commands.length).toBeGreaterThan(2);
  for (const { line, output } of commands) {
    const { code, said } = await paste(untilItsEnd(line));
    // Only what is shown to find a difference ends with its code.
    expect(code, `${page}: ${line}\n${said}`).toBe(output.some((text) => text.includes('✗ inconsistent')) ? 1 : 0);
    const lines = said.split('\n').map(withoutFigures);
    for (const text of output) expect(lines, `${line}\n${said}`).toContain(withoutFigures(text));
  }
}

it.each(PIPELINES)('the README of %s: brought up, proven on data, and nothing is left behind', async (pipeline) => {
  await pasteAll(`pipelines/${pipeline}/README.md`);
  expect(existsSync(join(copy, 'pipelines', pipeline, '.evpipe'))).toBe(false);
});

it('the README of the project', () => pasteAll('README.md'));
