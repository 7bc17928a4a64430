import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sandbox } from '../support/evpipe.js';

/** One line brings the pipeline up from nothing, proves it on data and takes it down; nothing of it is left. */
export async function provesItself(name: string, ...options: readonly string[]): Promise<void> {
  const box = await sandbox(name);
  try {
    const ended = await box.run(
      'smoke',
      '--up',
      '--seed',
      '--down',
      '--junit',
      'smoke.xml',
      '--timeout',
      '90s',
      ...options,
    );
    expect(ended.code, ended.stderr + ended.stdout).toBe(0);
    expect(readFileSync(join(box.folder, 'smoke.xml'), 'utf8')).toMatch(
      /<testsuites tests="\d+" failures="0" errors="0"/,
    );
    expect(existsSync(join(box.folder, '.evpipe'))).toBe(false);
  } finally {
    await box.remove(...options);
  }
}
