import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryFolder } from '../stack/repository.js';
import type { BrokerUnderTest } from './brokers.js';

const run = promisify(execFile);
const CONFLUENT_KAFKA = '2.16.1';
const SCRIPT = join(repositoryFolder, 'test/real/kafka/librdkafka/scenarios.py');

/** A result or a failure by scenario. */
export type ScenarioResults = Readonly<Record<string, { readonly result?: unknown; readonly failure?: string }>>;

/** A Python of its own with confluent-kafka from PyPI, made once in .real-stack/. Returns its interpreter. */
export async function prepareLibrdkafka(): Promise<string> {
  const cache = join(repositoryFolder, '.real-stack');
  const folder = join(cache, `confluent-kafka-${CONFLUENT_KAFKA}`);
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true });
    const unfinished = await mkdtemp(join(cache, 'unfinished-'));
    // Packages in a plain folder and not a venv, whose scripts name the place it was made at.
    const target = ['--target', unfinished, `confluent-kafka==${CONFLUENT_KAFKA}`];
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...target]);
    await rename(unfinished, folder).catch((failure: unknown) => {
      if (!existsSync(folder)) throw failure;
      return rm(unfinished, { recursive: true });
    });
  }
  return folder;
}

/** Runs librdkafka/scenarios.py on the broker. */
export async function librdkafkaScenarios(
  packages: string,
  broker: BrokerUnderTest,
  certificate: string,
): Promise<ScenarioResults> {
  const options = JSON.stringify({ listeners: broker.listeners, certificate });
  const env = { ...process.env, PYTHONPATH: packages };
  const { stdout } = await run('python3', [SCRIPT, broker.bootstrapServers, options], { env, maxBuffer: 16 << 20 });
  return JSON.parse(stdout) as ScenarioResults;
}
