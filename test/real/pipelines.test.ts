import { expect, it } from 'vitest';
import { provesItself } from '../matrix/pipelines.js';
import { PIPELINES, profilesOf } from '../support/pipelines.js';
import { killDuringSeed } from '../support/seed-kills.js';
import { Stack } from '../support/stack.js';

// With Debian's Redis. Without a profile: shared-stack.test.ts, and on Debian's RabbitMQ notification-hub.test.ts.
const variants = PIPELINES.flatMap((name) => profilesOf(name).map((profile) => [name, profile] as const));

it.each(variants)(
  '%s with profile %s is brought up from nothing by smoke, proven on data, and leaves nothing behind',
  (name, profile) => provesItself(name, '--profile', profile),
);

it.each(PIPELINES)('%s ends consistent though each process is killed once during its seed', (name) =>
  killDuringSeed(name, 1),
);

it('two of them run side by side: ports move, each smoke test finds its own, and the end of one is not noticed by the other', async () => {
  // Both declare the ports 8000, 8001 and 8080 of their services and gateways.
  const stacks = await Promise.all([Stack.prepare('monolith-split'), Stack.prepare('notification-hub')]);
  const [first, second] = stacks;
  let removed = false;
  try {
    for (const ended of await Promise.all(stacks.map((stack) => stack.run('smoke', '--up', '--timeout', '90s'))))
      expect(ended.code, ended.stderr + ended.stdout).toBe(0);
    const listened = (await Promise.all(stacks.map((stack) => stack.processes()))).map((processes) =>
      processes.flatMap(({ port }) => port ?? []),
    );
    for (const ports of listened) expect(ports.length).toBeGreaterThanOrEqual(5);
    expect(new Set(listened.flat()).size).toBe(listened.flat().length);
    removed = true;
    await first.remove();
    const ended = await second.run('smoke', '--timeout', '90s');
    expect(ended.code, ended.stderr + ended.stdout).toBe(0);
  } finally {
    if (!removed) await first.remove();
    await second.remove();
  }
});
