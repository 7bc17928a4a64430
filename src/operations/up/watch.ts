import { EventEmitter } from 'node:events';
import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
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

/** Watches from its making on: whoever works meanwhile asks for what has changed when that is done. */
export class FileWatch {
  private readonly changed = new Set<Watched>();
  private readonly watchers: readonly FSWatcher[];
  private readonly events = new EventEmitter<{ change: []; failure: [Error] }>();
  private failure: Error | undefined;

  constructor(
    all: readonly Watched[],
    private readonly signal: AbortSignal,
  ) {
    this.watchers = signal.aborted ? [] : all.map((one) => this.watch(one));
    signal.addEventListener('abort', this.close, { once: true });
  }

  private watch(one: Watched): FSWatcher {
    const isFolder = statSync(one.path).isDirectory();
    // A file's folder, because editors replace files: who watches one has lost it then.
    const folder = isFolder ? one.path : dirname(one.path);
    return watch(folder, { recursive: isFolder }, (_, name) => {
      if (name !== null && (isFolder ? OF_PROGRAMS.test(name) : name !== basename(one.path))) return;
      this.changed.add(one);
      this.events.emit('change');
    }).on('error', (failure) => {
      this.failure = failure;
      this.events.emit('failure', failure);
    });
  }

  private readonly close = (): void => {
    this.signal.removeEventListener('abort', this.close);
    for (const watcher of this.watchers) watcher.close();
  };

  /** Resolves some time after something has changed with all that has, or with undefined once the signal ends it; then it no longer watches. */
  nextChange(): Promise<readonly Watched[] | undefined> {
    let quiet: NodeJS.Timeout | undefined;
    let ended = (): void => {};
    return new Promise<readonly Watched[] | undefined>((resolve, reject) => {
      ended = () => resolve(undefined);
      if (this.failure !== undefined) return reject(this.failure);
      if (this.signal.aborted) return ended();
      this.signal.addEventListener('abort', ended);
      const wait = (): void => {
        clearTimeout(quiet);
        quiet = setTimeout(() => resolve([...this.changed]), QUIET_MS);
      };
      this.events.on('change', wait).on('failure', reject);
      if (this.changed.size > 0) wait();
    }).finally(() => {
      clearTimeout(quiet);
      this.signal.removeEventListener('abort', ended);
      this.close();
    });
  }
}
