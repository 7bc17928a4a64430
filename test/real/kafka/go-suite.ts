import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { repositoryFolder } from '../stack/repository.js';

const run = promisify(execFile);

/** A client's own tests, as its Go module brings them. */
export interface GoSuite {
  readonly module: string;
  readonly version: string;
  /** Of the module, as in a go.sum. */
  readonly sum: string;
  /** The folder of the package within the module. */
  readonly folder: string;
  readonly tags?: string | undefined;
  /** What is changed in files of the folder before it is built: each text must be there. */
  readonly edits?: Readonly<Record<string, readonly (readonly [string, string])[]>> | undefined;
}

export interface GoResults {
  readonly passed: readonly string[];
  /** With what each printed. */
  readonly failed: Readonly<Record<string, string>>;
  readonly skipped: readonly string[];
}

/** The suite's test program, built once in .real-stack/. */
export async function buildGoSuite(suite: GoSuite): Promise<string> {
  const name = suite.module.split('/').at(-1);
  const cache = join(repositoryFolder, '.real-stack');
  const program = join(cache, `${name}-${suite.version}.test`);
  if (existsSync(program)) return program;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, 'unfinished-'));
  try {
    const { stdout } = await run('go', ['mod', 'download', '-json', `${suite.module}@${suite.version}`]);
    const { Dir, Sum } = JSON.parse(stdout) as { Dir: string; Sum: string };
    if (Sum !== suite.sum)
      throw new Error(`${suite.module} ${suite.version} has the checksum ${Sum}, not ${suite.sum}`);
    // A copy: modules in Go's cache are read only, and their folders' go.sum pins all that their tests need.
    const module = join(unfinished, 'module');
    await cp(Dir, module, { recursive: true });
    await run('chmod', ['-R', 'u+w', module]);
    const folder = join(module, suite.folder);
    for (const [file, replace] of Object.entries(suite.edits ?? {})) await edit(join(folder, file), replace);
    const built = join(unfinished, 'program');
    await run('go', ['test', '-c', '-tags', suite.tags ?? '', '-o', built, '.'], { cwd: folder, maxBuffer: 16 << 20 });
    await rename(built, program);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return program;
}

async function edit(file: string, replace: readonly (readonly [string, string])[]): Promise<void> {
  let source = await readFile(file, 'utf8');
  for (const [from, to] of replace) {
    if (!source.includes(from)) throw new Error(`${file} does not hold ${JSON.stringify(from)}`);
    source = source.replaceAll(from, to);
  }
  await writeFile(file, source);
}

/** Runs the tests whose names match, and not those of `without`. */
export async function runGoSuite(
  program: string,
  dataDir: string,
  { tests, without, env }: { readonly tests: string; readonly without: string; readonly env: Record<string, string> },
): Promise<GoResults> {
  const args = ['-test.v', '-test.run', tests, '-test.skip', without, '-test.timeout', '5m'];
  const child = spawn(program, args, {
    cwd: dataDir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const results = parse(out);
  if (results.passed.length === 0) throw new Error(`no test passed: ${out}${complaint}`);
  return results;
}

/** Of what `-test.v` prints: tests at the margin; those within a test belong to its output. */
function parse(out: string): GoResults {
  const passed: string[] = [];
  const skipped: string[] = [];
  const failed: Record<string, string> = {};
  const printed = new Map<string, string[]>();
  let current = '';
  for (const line of out.split('\n')) {
    const begun = /^=== (?:RUN|CONT|NAME) +(\w+)/.exec(line)?.[1];
    const [, verdict, name = ''] = /^--- (PASS|FAIL|SKIP): (\w+)/.exec(line) ?? [];
    if (begun !== undefined) current = begun;
    else if (verdict === 'PASS') passed.push(name);
    else if (verdict === 'SKIP') skipped.push(name);
    else if (verdict === 'FAIL') failed[name] = (printed.get(name) ?? []).join('\n');
    else printed.set(current, [...(printed.get(current) ?? []), line]);
  }
  // A panic or the time limit ends the program without a verdict on the test.
  if (/^panic: /m.test(out)) failed[current] ??= (printed.get(current) ?? []).slice(0, 40).join('\n');
  return { passed, failed, skipped };
}
