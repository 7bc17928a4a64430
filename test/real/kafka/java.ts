import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { downloadRealStack } from '../stack/download.js';
import { repositoryFolder } from '../stack/repository.js';

const run = promisify(execFile);
const SOURCES = 'test/real/kafka/java';

export interface ToolResult {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

/** Apache's tools and clients, all in one JVM (java/Driver.java). One request at a time; more wait their turn. */
export interface JavaClients {
  /** `main` is a tool's class, `args` its command line. */
  tool(main: string, args: readonly string[], input?: string): Promise<ToolResult>;
  /** What `Class.method` of java/ returned, as JSON; throws with its stack where it threw. */
  scenario(name: string, bootstrapServers: string, options?: Readonly<Record<string, unknown>>): Promise<unknown>;
  stop(): Promise<void>;
}

/** Compiles a folder of this repository into `dataDir` and returns the classpath to run any of it with. */
export async function compileJava(
  dataDir: string,
  { sources = SOURCES, jarsOf = 'kafka' }: { readonly sources?: string; readonly jarsOf?: 'kafka' | 'streams' } = {},
): Promise<string> {
  const jars = join(await downloadRealStack(), jarsOf, '*');
  const classes = join(dataDir, 'classes');
  await mkdir(classes, { recursive: true });
  const folder = join(repositoryFolder, sources);
  const files = (await readdir(folder)).map((name) => join(folder, name));
  await run('javac', ['-nowarn', '-cp', jars, '-d', classes, ...files], { maxBuffer: 16 << 20 });
  return `${classes}:${jars}`;
}

export async function startJavaClients(dataDir: string): Promise<JavaClients> {
  const classpath = await compileJava(dataDir);
  const child = spawn('java', ['-Xmx512m', ...QUIET, '-cp', classpath, 'Driver'], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stderr.pipe(createWriteStream(join(dataDir, 'java-clients.log')));
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const ask = <T>(request: object): Promise<T> => {
    const answer = last.then(async () => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      for (;;) {
        const { value, done } = await answers.next();
        if (done === true) throw new Error('the JVM of the Java clients ended');
        if (value.startsWith(ANSWER)) return JSON.parse(value.slice(ANSWER.length)) as T;
      }
    });
    last = answer.catch(() => {});
    return answer;
  };
  return {
    tool: (main, args, input = '') => ask<ToolResult>({ tool: main, args, input }),
    scenario: async (name, bootstrap, options = {}) => {
      const { result, failure } = await ask<{ result?: unknown; failure?: string }>({
        scenario: name,
        bootstrap,
        options,
      });
      if (failure !== undefined) throw new Error(`${name}: ${failure}`);
      return result;
    },
    stop: async () => {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.signalCode === null) {
        child.stdin.end();
        await ended;
      }
    },
  };
}

const ANSWER = 'answer ';

const QUIET = ['-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
