import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PipelineSecrets } from '../../../src/targets/secrets.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const another = (): PipelineSecrets => new PipelineSecrets(folder);

it('gives each purpose a secret of its own, the same at all times', () => {
  const all = ['redis', 'mongo', 'sessions of web'].map((purpose) => another().derived(purpose));
  expect(new Set([...all, another().rolePassword('shop/owner'), another().postgresPassword()]).size).toBe(5);
  expect(another().derived('redis')).toBe(all[0]);
});

it('knows all that was handed out, by whatever command, and keeps only what it was for', () => {
  expect(another().handedOut()).toEqual([]);
  const handedOut = [another().derived('redis'), another().rolePassword('shop/owner')];
  another().derived('redis');
  expect(another().handedOut()).toEqual([another().postgresPassword(), ...handedOut]);
  for (const file of ['secrets.json', 'purposes']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, 'purposes'), 'utf8')).toBe('redis\nPostgreSQL role shop/owner\n');
});

it('asks for logins from the `up` with EVPIPE_PRIVATE=1 on, in shells without it too, until one with 0', () => {
  expect(another().login('kafka')).toBeUndefined();
  another().decidePrivacy({ EVPIPE_PRIVATE: '1' });
  another().decidePrivacy({});
  expect(another().login('kafka')).toEqual({ username: 'evpipe', password: expect.stringMatching(/^[\w-]{32}$/) });
  expect(another().login('kafka')).not.toEqual(another().login('connect'));
  another().decidePrivacy({ EVPIPE_PRIVATE: '0' });
  expect(another().login('kafka')).toBeUndefined();
});
