import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitUntil } from '../../../src/support/retry.js';
import { startJvm } from './jvm.js';
import { repositoryFolder } from './repository.js';

const sources = join(repositoryFolder, 'test/real/stack/mongodb');

/**
 * MongoDB at EVPIPE_TEST_MONGODB_URL; without it a server that speaks its protocol (mongo-java-server, from Maven), in memory.
 * Its database is empty or at least not used by others.
 */
export async function startMongodb(dataDir: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { EVPIPE_TEST_MONGODB_URL: elsewhere } = process.env;
  if (elsewhere !== undefined) return { url: elsewhere, stop: async () => {} };
  const jvm = await startJvm({
    name: 'mongodb',
    dataDir,
    classpath: join(await download(), '*'),
    main: [join(sources, 'MongodbMain.java')],
    heapMb: 256,
  });
  const port = await waitUntil(
    'the MongoDB server to listen',
    async () => {
      const ended = await jvm.ending();
      if (ended !== undefined) throw new Error(ended);
      return /listens on (\d+)/.exec(await readFile(jvm.logFile, 'utf8'))?.[1];
    },
    { timeoutMs: 60_000 },
  );
  return { url: `mongodb://127.0.0.1:${port}/things`, stop: () => jvm.stop() };
}

/** Fetched once; the folder appears by rename, so it is whole or absent. */
async function download(): Promise<string> {
  const folder = join(repositoryFolder, '.real-stack', 'mongodb-1.47.0');
  if (existsSync(folder)) return folder;
  await mkdir(join(repositoryFolder, '.real-stack'), { recursive: true });
  const unfinished = await mkdtemp(join(repositoryFolder, '.real-stack', 'unfinished-'));
  try {
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`];
    await promisify(execFile)('mvn', ['-q', '-B', '-f', join(sources, 'pom.xml'), ...copy], { maxBuffer: 64 << 20 });
    await rename(unfinished, folder);
  } catch (failure) {
    if (!existsSync(folder)) throw failure;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}
