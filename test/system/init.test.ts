import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVPIPE } from '../support/evpipe.js';
import { KEYS, openTerminal, type Terminal } from '../support/terminal.js';

let folder: string;
let terminal: Terminal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-init-'));
  terminal = openTerminal([process.execPath, EVPIPE, 'init'], { cwd: folder });
});

afterEach(async () => {
  terminal.kill('SIGKILL');
  await terminal.ended;
  rmSync(folder, { recursive: true, force: true });
});

describe('evpipe init on a terminal', () => {
  it('asks for template and name, and says what to do next', async () => {
    await terminal.shows('Which template?', 'empty', 'Nothing but a topic');
    terminal.type(KEYS.down);
    await terminal.shows(/❯ cdc/);
    terminal.type(KEYS.enter);
    await terminal.shows('Pipeline name?', '(cdc)');
    terminal.type(`My Shop${KEYS.enter}`);
    await terminal.shows('lower-case letters');
    terminal.type(`${'\x7f'.repeat(7)}shop${KEYS.enter}`);
    await terminal.shows('evpipe up shop');
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'shop', 'evpipe.yaml'), 'utf8')).toContain('\nname: shop\n');
  });

  it('leaves nothing behind after Ctrl-C', async () => {
    await terminal.shows('Which template?');
    terminal.type(KEYS.interrupt);
    expect(await terminal.ended).toMatchObject({ code: 130 });
    expect(terminal.screen()).toContain('nothing was created');
    expect(terminal.cursorVisible()).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });
});
