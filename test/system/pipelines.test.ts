import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sandbox } from '../support/evpipe.js';
import { PIPELINES } from '../support/pipelines.js';

it.each(PIPELINES)(
  '%s is brought up from nothing by smoke, proven on data, and leaves nothing behind',
  async (name) => {
    const box = await sandbox(name);
    try {
      const ended = await box.run('smoke', '--up', '--down', '--junit', 'smoke.xml', '--timeout', '90s');
      expect(ended.code, ended.stderr + ended.stdout).toBe(0);
      expect(readFileSync(join(box.folder, 'smoke.xml'), 'utf8')).toMatch(
        /<testsuites tests="\d+" failures="0" errors="0"/,
      );
      expect(existsSync(join(box.folder, '.evpipe'))).toBe(false);
    } finally {
      await box.remove();
    }
  },
);
