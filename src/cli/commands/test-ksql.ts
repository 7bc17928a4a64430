import { existsSync, watch } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { KsqlTestResult } from '../../operations/test-ksql.js';
import type { KsqlTest } from '../../pipeline/ksql-test-file.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { reportError } from '../report-error.js';
import { reportTests } from '../test-report.js';

const DEFAULT_FOLDER = 'ksql-tests';

export const testKsqlCommand: CommandEntry = {
  name: 'test-ksql [tests...]',
  summary: 'test ksqlDB statements offline: records in, records out, in milliseconds',
  examples: ['test-ksql', 'test-ksql ksql-tests/status.yaml --watch', 'test-ksql orders/ --junit ksql.xml'],
  declare: (command) =>
    command
      .option('--watch', 'rerun whenever a test file changes')
      .option('--junit <file>', 'also write the results as JUnit XML'),
  run: async (call) => {
    const { options } = call;
    if (options.watch !== true) return runOnce(call, readTests(call, await reader()));
    return runWatching(call);
  },
};

type Reader = (path: string) => KsqlTest[];

const reader = async (): Promise<Reader> => (await import('../../pipeline/ksql-test-file.js')).readKsqlTests;

function pathsOf({ shell, options, rest: given }: CommandCall): string[] {
  if (given.length > 0) return given.map((path) => resolve(shell.cwd, path));
  const file = options.file?.[0];
  const folder = file === undefined ? shell.cwd : dirname(resolve(shell.cwd, file));
  const found = join(folder, DEFAULT_FOLDER);
  if (existsSync(found)) return [found];
  throw new EvpipeError('EVPIPE_KSQL_TEST_FILE', `there is no folder ${DEFAULT_FOLDER} in ${folder}`, {
    kind: 'usage',
    todo: 'Name a YAML file of cases, or a folder with statements.sql, input.json and output.json.',
  });
}

const readTests = (call: CommandCall, read: Reader): KsqlTest[] => pathsOf(call).flatMap(read);

async function runOnce(call: CommandCall, tests: readonly KsqlTest[]): Promise<number> {
  const { shell, options } = call;
  const { runKsqlTest } = await import('../../operations/test-ksql.js');
  const results: KsqlTestResult[] = [];
  for (const test of tests) {
    shell.signal.throwIfAborted();
    const result = await runKsqlTest(test);
    results.push(result);
    if (options.output === 'json') shell.out(jsonLine({ kind: 'test', ...result }));
    else shell.out(lines(result, shell.cwd, options.quiet === true));
  }
  await reportTests(shell, { suite: 'ksql', junit: options.junit, cases: async () => results });
  const failed = results.filter(({ outcome }) => outcome !== 'passed').length;
  const summary = `${results.length - failed} of ${counted(results.length, 'test')} passed\n`;
  if (options.output !== 'json' && options.quiet !== true) shell.out(summary);
  return failed === 0 ? EXIT.done : EXIT.failed;
}

function lines(
  { name, outcome, message, detail, location, elapsedMs }: KsqlTestResult,
  cwd: string,
  quiet: boolean,
): string {
  if (outcome === 'passed') return quiet ? '' : `✓ ${name} (${Math.round(elapsedMs)} ms)\n`;
  const place = `${relative(cwd, location.file)}:${location.line}:${location.column}`;
  const more = detail === '' ? '' : `${detail.replace(/^/gm, '    ')}\n`;
  return `✗ ${name}\n  ${place}: ${message.replace(/\n/g, '\n  ')}\n${more}`;
}

/** Changes come in bursts: an editor writes, renames and touches. */
const SETTLE_MS = 50;

/** Runs, then waits for a change of any file that a test was read from; until Ctrl-C. */
async function runWatching(call: CommandCall): Promise<number> {
  const { shell } = call;
  const read = await reader();
  let folders: readonly string[] = pathsOf(call).map((path) => dirname(path));
  while (!shell.signal.aborted) {
    try {
      const tests = readTests(call, read);
      folders = [...new Set([...folders, ...tests.flatMap(filesOf).map((file) => dirname(file))])];
      await runOnce(call, tests);
    } catch (failure) {
      if (shell.signal.aborted) break;
      reportError(failure, shell, { verbose: false, json: false });
    }
    shell.err('waiting for changes; Ctrl-C ends\n');
    await changed(folders, shell.signal);
  }
  return EXIT.interrupted;
}

const filesOf = ({ file, statements, subjects }: KsqlTest): string[] => [
  file,
  ...statements.map((each) => each.file),
  ...subjects.map((each) => each.file),
];

function changed(folders: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    let settle: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(settle);
      for (const watcher of watchers) watcher.close();
      signal.removeEventListener('abort', end);
      done();
    };
    const watchers = folders.filter(existsSync).map((folder) =>
      watch(folder, () => {
        settle ??= setTimeout(end, SETTLE_MS);
      }),
    );
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
