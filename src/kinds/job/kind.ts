import type { Use } from '../../pipeline/kind.js';
import type { Kind } from '../kind.js';
import { declaredEnvironment } from '../program.js';
import { checkJobs } from './lint.js';
import { type JobSection, jobs } from './section.js';

/** What jobs and services may wait for, and what may wait for a job, as messages say it. */
export const PROGRAM = 'service or job';
const WAITING = 'service, job or connector';

export const jobKind: Kind = {
  kind: 'job',
  sections: [jobs],
  rules: [checkJobs],
  names: {
    job: ({ names }) => names('jobs'),
    [PROGRAM]: ({ names }) => [...names('services'), ...names('jobs')],
    [WAITING]: ({ names }) => [...names('services'), ...names('jobs'), ...names('connectors')],
  },
  uses: ({ pipeline }) => [
    ...pipeline.jobs.flatMap(usesOf),
    ...pipeline.services
      .filter(({ copyOf }) => copyOf === undefined)
      .flatMap(({ name: service, needs }) =>
        needs.map((name, index): Use => ({ what: PROGRAM, name, at: ['services', service, 'needs', String(index)] })),
      ),
  ],
  environments: ({ folder, jobs: declared }) => declared.map((one) => declaredEnvironment(folder, one)),
  logNames: ({ jobs: declared }) => declared.map(({ name }) => name),
  step: 'jobs',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};

function usesOf({ name: job, after, before }: JobSection): readonly Use[] {
  const each = (what: string, key: string, names: readonly string[]): Use[] =>
    names.map((name, index) => ({ what, name, at: ['jobs', job, key, String(index)] }));
  return [...each(PROGRAM, 'after', after), ...each(WAITING, 'before', before)];
}
