import { describe, expect, it } from 'vitest';
import {
  type ConservationCheck,
  confirmConservation,
  type QueueFigures,
} from '../../../src/consistency/conservation.js';

/** What there is to see; a test changes it while the check looks. */
interface World {
  published: number;
  effects: number;
  unsent: number;
  queue: QueueFigures;
  trouble: string | undefined;
}

const quiet: QueueFigures = { unfinished: 0, deadLetters: 0, consumers: 1, counters: undefined };

const worldOf = (changes: Partial<World>): World => ({
  published: 10,
  effects: 10,
  unsent: 0,
  queue: quiet,
  trouble: undefined,
  ...changes,
});

function confirm(
  world: World,
  options: { bySql?: boolean; deadlineMs?: number; look?: (number: number) => void } = {},
) {
  let looks = 0;
  const check: ConservationCheck = {
    name: 'kept',
    queue: 'likes',
    deadLetterQueues: ['dead'],
    counts:
      options.bySql === false
        ? undefined
        : {
            published: { label: 'published in main', read: async () => world.published },
            effects: { label: 'effects in mails', read: async () => world.effects },
          },
    figures: async () => {
      looks += 1;
      options.look?.(looks);
      return world.queue;
    },
    unsent: async () => ({ rows: world.unsent, outboxes: ['main'] }),
    deadLetters: async () => [{ queue: 'dead', messageId: 'm1', died: 'rejected from likes', body: '{"a":1' }],
    staleMs: 0,
    trouble: async () => world.trouble,
  };
  const { deadlineMs = 10_000 } = options;
  const signal = new AbortController().signal;
  return confirmConservation(check, { deadlineMs, stalledMs: 200, signal, waitingFor: () => {} });
}

const counters = (published: number, acknowledged: number, automatic = 0) => ({
  ...quiet,
  counters: { published, acknowledged, automatic },
});

describe('conservation by durable counts', () => {
  it('is consistent where both ends agree and nothing is under way, whatever the broker has counted', async () => {
    const report = await confirm(worldOf({ queue: counters(0, 0) })); // a broker that was restarted
    expect(report).toMatchObject({ verdict: 'consistent', sourceRows: 10, replicaRows: 10, missing: 0 });
    expect(report.summary).toContain('10 published = acknowledged = 10 effects');
  });

  it('waits for what is unsent, waiting or in hand', async () => {
    const world = worldOf({ effects: 7, unsent: 1, queue: { ...quiet, unfinished: 2 } });
    const look = (number: number): void => {
      if (number === 2) world.unsent = 0;
      if (number === 4) world.effects = 10;
      if (number === 5) world.queue = quiet;
    };
    expect(await confirm(world, { look })).toMatchObject({ verdict: 'consistent', sourceRows: 10 });
  });

  it('does not call equal numbers consistent while a message is in hand or something is published', async () => {
    const world = worldOf({ queue: { ...quiet, unfinished: 1 } });
    expect(await confirm(world, { deadlineMs: 300 })).toMatchObject({ verdict: 'lagging' });
    const busy = worldOf({});
    const look = (): void => {
      busy.published += 1;
      busy.effects = busy.published - 1;
    };
    expect(await confirm(busy, { deadlineMs: 300, look })).toMatchObject({ verdict: 'inconclusive' });
  });

  it('is lagging, with the queue, its depth and why nobody empties it', async () => {
    const world = worldOf({
      effects: 7,
      queue: { ...quiet, unfinished: 3, consumers: 0 },
      trouble: 'its service mailer is stopped',
    });
    const report = await confirm(world);
    expect(report).toMatchObject({
      verdict: 'lagging',
      why: 'queue likes holds 3 messages, 0 consumers: its service mailer is stopped',
      way: [{ kind: 'queue', name: 'likes', passed: false, trouble: 'its service mailer is stopped' }],
    });
  });

  it('is inconsistent where an effect is missing or doubled and nothing is under way', async () => {
    expect(await confirm(worldOf({ effects: 9 }))).toMatchObject({
      verdict: 'inconsistent',
      missing: 1,
      why: expect.stringContaining('1 of 10 messages had no effect'),
    });
    expect(await confirm(worldOf({ effects: 11 }))).toMatchObject({ verdict: 'inconsistent', extra: 1 });
  });

  it('is inconsistent where dead letters lie, and lists them', async () => {
    const report = await confirm(worldOf({ effects: 9, queue: { ...quiet, deadLetters: 1 } }));
    expect(report).toMatchObject({
      verdict: 'inconsistent',
      why: '1 message lies in queue dead: what queue likes refused has had no effect',
      findings: [{ kind: 'dead-letter', key: ['m1'], columns: [{ column: 'rejected from likes', source: '{"a":1' }] }],
    });
  });
});

describe('conservation by the counters of the broker', () => {
  const verdict = async (queue: QueueFigures) => (await confirm(worldOf({ queue }), { bySql: false })).verdict;

  it('says so, and says nothing where they can not tell', async () => {
    const report = await confirm(worldOf({ queue: counters(5, 5) }), { bySql: false });
    expect(report).toMatchObject({ verdict: 'consistent', sourceRows: 5, replicaRows: 5 });
    expect(report.summary).toContain("by the broker's counters since its start");
    expect(await verdict(quiet)).toBe('inconclusive');
    expect(await verdict(counters(5, 8))).toBe('inconclusive'); // restarted with messages in the queue
  });

  it('finds what was dropped, and receivers that acknowledge automatically', async () => {
    expect(await verdict(counters(5, 4))).toBe('inconsistent');
    const report = await confirm(worldOf({ queue: counters(5, 0, 5) }), { bySql: false });
    expect(report).toMatchObject({
      verdict: 'inconsistent',
      why: expect.stringContaining('acknowledges automatically'),
    });
  });
});
