import { existsSync, statSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { programFolder } from '../../kinds/program.js';
import type { Pipeline } from '../../pipeline/pipeline.js';

/** A file or folder whose change is answered by another `up`. */
export interface Watched {
  /** Absolute. */
  readonly path: string;
  /** The service that runs it, and that no `up` would restart by itself; undefined: `up` sees what has changed. */
  readonly service: string | undefined;
}

/** An editor writes a file in several steps, and a branch that is switched many files. */
const QUIET_MS = 300;
/** What programs write beside their own sources. */
const OF_PROGRAMS = /(^|\/)(\.[^/]*|node_modules|__pycache__|target|[^/]*\.(?:log|pyc|tmp|swp)|[^/]*~)(\/|$)/;

/** The pipeline file, modules and what commands name, templates, variable files, and inputs of jobs. */
export function watchedFiles({ file, folder, services, jobs }: Pipeline): readonly Watched[] {
  const seen = (path: string): Watched => ({ path: resolve(folder, path), service: undefined });
  const programs = services.flatMap((service): Watched[] => {
    const { name, run, envFile, files } = service;
    const own = [...(envFile === undefined ? [] : [envFile]), ...Object.values(files)].map(seen);
    if (run.kind === 'module') return [...own, seen(dirname(run.module))];
    if (run.kind !== 'command') return own;
    const named = run.command.map((word) => resolve(programFolder(folder, service), word));
    return [...own, ...named.map((path) => ({ path, service: name }))];
  });
  const inputs = jobs.flatMap((job) => [...job.inputs, ...(job.envFile === undefined ? [] : [job.envFile])]).map(seen);
  return [seen(file), ...programs, ...inputs].filter(({ path }) => existsSync(path));
}

/** Resolves some time after something has changed with all that has, or with undefined once the signal ends it. */
export function nextChange(all: readonly Watched[], signal: AbortSignal): Promise<readonly Watched[] | undefined> {
  const changed = new Set<Watched>();
  const done = new AbortController();
  return new Promise<readonly Watched[] | undefined>((resolve, reject) => {
    let quiet: NodeJS.Timeout | undefined;
    const note = (one: Watched): void => {
      changed.add(one);
      clearTimeout(quiet);
      quiet = setTimeout(() => resolve([...changed]), QUIET_MS);
    };
    const ended = (): void => {
      clearTimeout(quiet);
      resolve(undefined);
    };
    if (signal.aborted) return ended();
    signal.addEventListener('abort', ended, { once: true, signal: done.signal });
    for (const one of all) {
      const isFolder = statSync(one.path).isDirectory();
      // A file's folder, because editors replace files: who watches one has lost it then.
      const folder = isFolder ? one.path : dirname(one.path);
      watch(folder, { recursive: isFolder, signal: done.signal }, (_, name) => {
        if (name === null || (isFolder ? !OF_PROGRAMS.test(name) : name === basename(one.path))) note(one);
      }).on('error', reject);
    }
  }).finally(() => done.abort());
}
