import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeRunLock } from '../../../src/targets/run-lock.js';
import { runIn } from '../../support/command-line.js';
import { SHOP_PIPELINE } from '../../support/shop-pipeline.js';

let folder: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-format-'));
  writeFileSync(join(folder, 'evpipe.yaml'), SHOP_PIPELINE);
  state = join(folder, '.evpipe', 'shop');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([['status'], ['up'], ['down', '--volumes', '--yes']])(
  '%s touches no state folder of a newer evpipe, and says what to do',
  async (...argv) => {
    mkdirSync(state, { recursive: true });
    const newer = '{ "version": 2, "else": "kept" }';
    writeFileSync(join(state, 'format.json'), newer);
    const { code, err } = await runIn(
      folder,
      { XDG_STATE_HOME: join(folder, 'xdg'), SHOP_URL: 'http://127.0.0.1:1' },
      ...argv,
    );
    expect(err).toMatch(
      /was written by a newer evpipe \(format 2; this one knows formats up to 1\)\n +Use that evpipe/,
    );
    expect(code).toBe(1);
    expect(readFileSync(join(state, 'format.json'), 'utf8')).toBe(newer);
  },
);

it('is noted in a state folder of before, which had none', () => {
  takeRunLock(state)();
  expect(JSON.parse(readFileSync(join(state, 'format.json'), 'utf8'))).toEqual({ version: 1 });
});
