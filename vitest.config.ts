import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begun first, since they take longest: else the largest files come first, and the end may be waiting for a small one alone. */
const LONGEST = [
  'servers/cli/silent-midway',
  'servers/embedded/connect/worker-group',
  'servers/embedded/ksqldb/shared-queries',
  'system/',
  'real/django',
  'real/connect-workers',
  'real/shared-queries',
  'real/shared-stack',
  'real/pipelines',
  'real/postgres-versions',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.includes(`/test/${name}`));
      return found < 0 ? LONGEST.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

// unit: no server, no process; servers: single servers, and what works with them; system: whole pipelines through the
// built command; security: attacks over real sockets;
// real: the same behaviour against the real Kafka, Connect and Debezium; alone: those of them beside which nothing may run;
// compose: in containers of an engine of its own; soak: long seeded runs.
/** Files that follow each other in a worker share the modules that they import: loading all of them anew takes longer than the tests. */
const SHARED_MODULES = { isolate: false };

/** Their commands without a file are about the only pipeline that runs; the suites of the Go clients have time limits of their own. */
const NOT_BESIDE_OTHERS = ['readme', 'kafka/franz-go', 'kafka/sarama'].map((name) => `test/real/${name}.test.ts`);

/** After all else. */
const ALONE = { sequence: { groupOrder: 3 } };

const project = (name: string, timeoutMs: number, parallel: boolean, more: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    pool: 'forks' as const,
    sequence: { groupOrder: 1 },
    fileParallelism: parallel,
    ...more,
  },
});

export default defineConfig({
  test: {
    globalSetup: ['test/support/build.ts'],
    // Most of the time is waiting for servers, so seven files at once are quicker even on two cores; the default there is one.
    maxWorkers: 7,
    sequence: { sequencer: LongestFirst },
    experimental: { fsModuleCache: true },
    projects: [
      project('unit', 60_000, true, {
        ...SHARED_MODULES,
        setupFiles: ['test/support/no-servers.ts'],
        // These wait for nothing: more than two would only load all modules once more each. So they run before the others.
        maxWorkers: 2,
        sequence: { groupOrder: 0 },
      }),
      project('servers', 60_000, true, SHARED_MODULES),
      project('system', 180_000, true, SHARED_MODULES),
      project('security', 180_000, true),
      project('real', 600_000, true, {
        exclude: NOT_BESIDE_OTHERS,
        globalSetup: ['test/real/stack/fetch.ts'],
        setupFiles: ['test/support/downloads.ts'],
        // While one waits for servers to start, to stop or to be missed, the other one works.
        maxWorkers: 2,
        sequence: { groupOrder: 2 },
      }),
      project('alone', 600_000, false, {
        ...ALONE,
        include: NOT_BESIDE_OTHERS,
        setupFiles: ['test/support/downloads.ts'],
      }),
      project('compose', 900_000, false, ALONE),
      project('soak', 7_200_000, false, ALONE),
    ],
  },
});
