import { expect, it } from 'vitest';
import { sandbox } from '../support/evpipe.js';
import { PIPELINES, profilesOf } from '../support/pipelines.js';
import { killDuringSeed } from '../support/seed-kills.js';

const variants = PIPELINES.flatMap((name) => profilesOf(name).map((profile) => [name, profile] as const));

it.each(variants)('%s proves itself with profile %s', async (name, profile) => {
  const box = await sandbox(name);
  try {
    const ended = await box.run('smoke', '--up', '--down', '--profile', profile, '--timeout', '90s');
    expect(ended.code, ended.stderr + ended.stdout).toBe(0);
  } finally {
    await box.remove('--profile', profile);
  }
});

it.each(PIPELINES)('%s ends consistent though each process is killed once during its seed', (name) =>
  killDuringSeed(name, 1),
);
