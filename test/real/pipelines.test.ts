import { it } from 'vitest';
import { provesItself } from '../matrix/pipelines.js';
import { PIPELINES, profilesOf } from '../support/pipelines.js';
import { killDuringSeed } from '../support/seed-kills.js';

// With Debian's Redis; on Debian's RabbitMQ see notification-hub.test.ts.
it.each(PIPELINES)('%s is brought up from nothing by smoke, proven on data, and leaves nothing behind', (name) =>
  provesItself(name),
);

const variants = PIPELINES.flatMap((name) => profilesOf(name).map((profile) => [name, profile] as const));

it.each(variants)('%s proves itself with profile %s', (name, profile) => provesItself(name, '--profile', profile));

it.each(PIPELINES)('%s ends consistent though each process is killed once during its seed', (name) =>
  killDuringSeed(name, 1),
);
