import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, resolve, sep } from 'node:path';
import type { Pipeline } from '../../../pipeline/pipeline.js';

/** The files of a pipeline's own programs, as far as the file names them. */

/** Larger ones are not written by hand. */
const SOURCE_BYTES_MAX = 1_000_000;
/** Of one program: `validate` reads them all. */
const FILES_MAX = 200;
const SCRIPTS: ReadonlySet<string> = new Set([
  ...['.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx', '.py', '.rb', '.php', '.go', '.java', '.kt', '.sh'],
]);
/** `import … from './x.js'`, `import('./x')`, `require('./x')`. */
const IMPORTED = /\b(?:from|import|require)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

export interface Source {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
}

/** Modules with what they import of the folder, and the files that commands run. Those that can't be read are left out. */
export function programSources({ folder, services, jobs }: Pipeline): readonly Source[] {
  const found = new Map<string, Source>();
  for (const { run, cwd } of services) {
    if (run.kind === 'module') followImports(resolve(folder, run.module), folder, found);
    if (run.kind === 'command') scripts(run.command, resolve(folder, cwd ?? '.'), folder, found);
  }
  for (const { command, cwd } of jobs) scripts(command, resolve(folder, cwd ?? '.'), folder, found);
  return [...found.values()];
}

function scripts(command: readonly string[], cwd: string, folder: string, found: Map<string, Source>): void {
  for (const word of command) if (SCRIPTS.has(extname(word))) followImports(resolve(cwd, word), folder, found);
}

function followImports(first: string, folder: string, found: Map<string, Source>): void {
  const waiting = [first];
  for (let count = 0; count < FILES_MAX; count += 1) {
    const next = waiting.pop();
    if (next === undefined) return;
    const source = readable(next, folder);
    if (source === undefined || found.has(source.file)) continue;
    found.set(source.file, source);
    for (const [, written = ''] of source.text.matchAll(IMPORTED)) waiting.push(resolve(dirname(source.file), written));
  }
}

/** The file itself, or what its name stands for: `./x` is x.ts, and `./x.js` too. */
function readable(file: string, folder: string): Source | undefined {
  const bare = file.replace(/\.[cm]?jsx?$/, '');
  for (const candidate of [
    file,
    ...['.ts', '.tsx', '.mts', '.js', '/index.ts', '/index.js'].map((end) => bare + end),
  ]) {
    if (!candidate.startsWith(folder + sep) || candidate.includes(`${sep}node_modules${sep}`)) continue;
    try {
      const { size } = statSync(candidate);
      if (size <= SOURCE_BYTES_MAX) return { file: candidate, text: readFileSync(candidate, 'utf8') };
    } catch {
      // there is none of this name
    }
  }
  return undefined;
}
