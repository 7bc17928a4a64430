import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, sandbox } from '../support/evpipe.js';

let box: Sandbox;

beforeAll(async () => {
  box = await sandbox('person-planning');
});

afterAll(() => box?.remove());

describe('evpipe smoke on person-planning', () => {
  it('is brought up from nothing by it and proven on data; it says what is wrong where a consumer is stopped, and keeps the data of a pipeline that was there before', async () => {
    const well = await box.run('smoke', '--up', '--junit', 'smoke.xml', '--timeout', '90s');
    expect(well.stdout, well.stderr).toMatch(
      /✓ a-new-person-reaches-planning .*POST \/api\/persons 201, record .*, row/,
    );
    for (const name of ['connectors', 'lag', 'persons', 'balance-sheets']) expect(well.stdout).toContain(`✓ ${name} `);
    expect(well.code).toBe(0);
    expect(readFileSync(join(box.folder, 'smoke.xml'), 'utf8')).toContain(
      '<testsuites tests="5" failures="0" errors="0"',
    );

    expect((await box.run('stop', 'planning-person-consumer')).code).toBe(0);
    const ended = await box.run('smoke', '--down', '--timeout', '5s');
    expect(ended.stdout).toMatch(/✗ a-new-person-reaches-planning/);
    expect(ended.stdout).toContain('no such row in planning.planning_person');
    expect(ended.stdout).toMatch(/✗ lag/);
    expect(ended.stdout).toContain('planning-person-consumer is 1 record behind');
    expect(ended.code).toBe(1);
    expect(existsSync(join(box.folder, '.evpipe', 'person-planning', 'data'))).toBe(true);
    expect((await box.run('env')).code).toBe(4);
  });
});
