import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { resolveReferences } from '../../pipeline/references.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import { readJson, writeJson } from '../../support/json-file.js';
import type { KindOperations } from '../kind.js';
import { environmentOf, programFolder } from '../program.js';
import { needsOf } from '../reference-values.js';
import { programNodes } from '../service/referred.js';
import type { Session } from '../session.js';
import type { ComponentLine } from '../status-report.js';
import type { Node, NodeReport } from '../walk.js';
import { fingerprint } from './fingerprint.js';
import { type JobSection, jobReferences } from './section.js';

declare module '../../targets/roles.js' {
  interface LoginKinds {
    readonly job: true;
  }
}

export const operations: KindOperations = {
  nodes: (session) => session.pipeline.jobs.map((job) => jobNode(session, job)),
  lines: (session) => session.pipeline.jobs.map((job) => statusLine(session, job)),
  logins: (pipeline, refers) =>
    pipeline.jobs
      .filter((one) => refers(jobReferences(one, pipeline.folder)))
      .map(({ name }) => ({ holder: `job/${name}`, rights: ['work'] })),
  summary: async ({ pipeline: { jobs } }) => (jobs.length === 0 ? [] : [`${counted(jobs.length, 'job')} done`]),
};

interface DoneFile {
  readonly version: 1;
  readonly fingerprint: string;
  readonly at: string;
}

const doneFile = ({ pipeline }: Session, { name }: JobSection): string =>
  join(pipeline.stateFolder, 'jobs', `${name}.json`);

function statusLine(session: Session, job: JobSection): ComponentLine {
  const done = readJson<DoneFile>(doneFile(session, job), 1);
  if (done === undefined) return { name: job.name, health: 'waiting', state: 'not done' };
  const isOutdated = done.fingerprint !== fingerprint(job, session.pipeline.folder);
  const lastError = isOutdated ? 'it or its inputs have changed' : undefined;
  return { name: job.name, health: isOutdated ? 'waiting' : 'good', state: 'done', lastError };
}

function jobNode(session: Session, job: JobSection): Node {
  const { pipeline } = session;
  const file = doneFile(session, job);
  const references = jobReferences(job, pipeline.folder).flatMap((path) => needsOf(session, path));
  return {
    id: `job/${job.name}`,
    step: 'jobs',
    needs: [...new Set([...references, ...job.after.flatMap((name) => programNodes(pipeline, name))])],
    before: job.before.flatMap((name) => [
      ...programNodes(pipeline, name),
      ...pipeline.connectors.filter((one) => one.name === name).map(() => `connector/${name}`),
    ]),
    plans: [
      {
        kind: 'job',
        name: job.name,
        location: job.location,
        compare: async () => {
          const done = readJson<DoneFile>(file, 1);
          const outdated = done?.fingerprint !== fingerprint(job, pipeline.folder);
          const summary = done === undefined ? 'new' : 'it or its inputs have changed';
          return { isNew: done === undefined, changes: outdated ? [{ summary, implies: 'it runs again' }] : [] };
        },
      },
    ],
    run: async (report) => {
      if (readJson<DoneFile>(file, 1)?.fingerprint === fingerprint(job, pipeline.folder)) return { changed: false };
      await runJob(session, job, report);
      // It may have written into its own inputs: what it has left is what counts as done.
      const done: DoneFile = {
        version: 1,
        fingerprint: fingerprint(job, pipeline.folder),
        at: new Date().toISOString(),
      };
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeJson(file, done);
      return { changed: true };
    },
  };
}

/** Throws EVPIPE_JOB_FAILED with its last lines. */
async function runJob(session: Session, job: JobSection, report: NodeReport): Promise<void> {
  report.waitingFor(`job ${job.name} to end: ${job.command.join(' ')}`);
  const values = await session.references('host', `job/${job.name}`);
  const ended = await session.run({
    process: job.name,
    command: job.command.map((word) => resolveReferences(word, values)),
    cwd: programFolder(session.pipeline.folder, job),
    env: environmentOf(session, job, values),
    timeoutMs: job.timeoutMs,
    signal: report.signal,
  });
  if (ended.failure === undefined) return;
  const words = ended.lastLines.length === 0 ? '; it wrote nothing' : `\n${session.hide(ended.lastLines.join('\n'))}`;
  throw new EvpipeError('EVPIPE_JOB_FAILED', `job ${job.name} ${ended.failure}${words}`, {
    location: job.location,
    todo: `Fix the problem, then rerun evpipe up. Its full output: evpipe logs ${job.name}`,
  });
}
