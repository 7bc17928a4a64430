import { describe, expect, it } from 'vitest';
import {
  type ConservationCheck,
  confirmConservation,
  type QueueFigures,
} from '../../../src/consistency/conservation.js';
import { lasting } from '../../../src/consistency/stages.js';

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
  options: {
    readonly bySql?: boolean;
    readonly deadlineMs?: number;
    readonly traceable?: boolean;
    readonly allowEmpty?: boolean;
    readonly uncounted?: Partial<ConservationCheck['uncounted']>;
    readonly look?: (number: number) => void;
  } = {},
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
    allowEmpty: options.allowEmpty,
    traceable: options.traceable ?? false,
    uncounted: { arrivals: [], refuses: false, ...options.uncounted },
    trouble: async () => lasting(world.trouble),
  };
  const { deadlineMs = 10_000 } = options;
  const signal = new AbortController().signal;
  return confirmConservation(check, { deadlineMs, stalledMs: 200, settleMs: 100, signal, waitingFor: () => {} });
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

  it('is empty where nothing was published, unless that is right', async () => {
    const nothing = worldOf({ published: 0, effects: 0 });
    expect(await confirm(nothing)).toMatchObject({ verdict: 'empty', sourceRows: 0 });
    expect(await confirm(nothing, { allowEmpty: true })).toMatchObject({ verdict: 'consistent' });
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
    expect(await confirm(world, { deadlineMs: 150 })).toMatchObject({ verdict: 'lagging' });
    const busy = worldOf({});
    const look = (): void => {
      busy.published += 1;
      busy.effects = busy.published - 1;
    };
    expect(await confirm(busy, { deadlineMs: 150, look })).toMatchObject({ verdict: 'inconclusive' });
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

describe('conservation while messages flow', () => {
  /** A publication a look, each with its effect `late` looks afterwards; what is between them is in the queue. */
  const steadily = (world: World, { late = 1, quietEach = 5 } = {}) => {
    const base = world.effects;
    const first = world.published;
    return (number: number): void => {
      // The publisher rests now and then, as every one does between two requests.
      world.published = first + number - Math.floor(number / quietEach);
      const done = number % quietEach === 0 ? world.published - first : Math.max(0, world.published - first - late);
      world.effects = base + done;
      world.queue = { ...quiet, unfinished: world.published - first - done };
    };
  };
  const flowing = (world: World, deadlineMs: number, traceable = true) =>
    confirm(world, { traceable, deadlineMs, look: steadily(world) });

  it('ends consistent, though there is always a message under way when the queue is looked at', async () => {
    const world = worldOf({});
    // Published; still waiting; its effect is there, and not yet acknowledged.
    const look = (number: number): void => {
      if (number % 3 === 0) world.published += 1;
      world.effects = number % 3 === 2 ? world.published : world.published - 1;
      world.queue = { ...quiet, unfinished: 1 };
    };
    expect(await confirm(world, { traceable: true, look })).toMatchObject({
      verdict: 'consistent',
      missing: 0,
      extra: 0,
      summary: expect.stringContaining('counted while messages were under way'),
    });
  });

  it('ends inconsistent where a message of before is lost, or had its effect twice', async () => {
    expect(await flowing(worldOf({ effects: 8 }), 10_000)).toMatchObject({
      verdict: 'inconsistent',
      why: expect.stringMatching(/^at least [12] of \d+ messages had no effect/),
    });
    expect(await flowing(worldOf({ effects: 13 }), 10_000)).toMatchObject({
      verdict: 'inconsistent',
      why: expect.stringContaining('some had theirs twice'),
    });
  });

  it('does not take a doubled effect for the one of a message that is under way', async () => {
    const world = worldOf({ effects: 10 });
    const look = (number: number): void => {
      world.published = 10 + number;
      world.effects = world.published; // one twice, one still waiting
      world.queue = { ...quiet, unfinished: 1 };
    };
    // The publications are counted before and after, and one comes in between.
    expect((await confirm(world, { traceable: true, deadlineMs: 250, look })).verdict).not.toBe('consistent');
  });

  it('ends at its deadline where messages can be somewhere that nobody can look into', async () => {
    const startedMs = performance.now();
    expect((await flowing(worldOf({ effects: 8 }), 250, false)).verdict).toMatch(/lagging|inconclusive/);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
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

  it('does not judge what the counters leave out', async () => {
    const judged = async (figures: QueueFigures, uncounted: Partial<ConservationCheck['uncounted']>) =>
      confirm(worldOf({ queue: figures }), { bySql: false, uncounted });
    // Dead letters of another queue arrive uncounted: they may stand for some that were dropped.
    expect(await judged(counters(5, 5), { arrivals: ['orders'] })).toMatchObject({
      verdict: 'inconclusive',
      why: expect.stringContaining('leave out the dead letters of orders'),
    });
    // What was refused as the queue was full counts as published each time it is tried again.
    expect(await judged(counters(7, 5), { refuses: true })).toMatchObject({ verdict: 'inconclusive' });
    expect(await judged(counters(5, 5), { refuses: true })).toMatchObject({ verdict: 'consistent' });
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
