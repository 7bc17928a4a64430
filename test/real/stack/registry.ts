import { join } from 'node:path';
import getPort from 'get-port';
import { downloadRealStack } from './download.js';
import { type Jvm, startJvm, untilItAnswers } from './jvm.js';

export interface RealRegistryOptions {
  /** For its log; schemas live in memory. */
  readonly dataDir: string;
  readonly port?: number | undefined;
  readonly heapMb?: number | undefined;
}

export interface RealRegistry {
  /** Of the Confluent API. */
  readonly url: string;
  readonly port: number;
  readonly jvm: Jvm;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Apicurio Registry with the Confluent API (ids are content ids), schemas in memory. Resolves once it lists its subjects. */
export async function startRealRegistry(options: RealRegistryOptions): Promise<RealRegistry> {
  const stack = await downloadRealStack();
  const folder = join(stack, 'registry');
  const port = options.port ?? (await getPort({ host: '127.0.0.1' }));
  const jvm = await startJvm({
    name: 'registry',
    dataDir: options.dataDir,
    classpath: `${join(folder, '*')}:${join(folder, 'lib', '*')}`,
    main: ['io.quarkus.runner.GeneratedMain'],
    heapMb: options.heapMb ?? 384,
    archive: join(stack, 'registry.jsa'),
    properties: { 'quarkus.http.host': '127.0.0.1', 'quarkus.http.port': String(port) },
  });
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  await untilItAnswers(jvm, 'the registry', async () => {
    const response = await fetch(`${url}/subjects`);
    if (!response.ok) throw new Error(`status ${response.status}`);
  });
  return { url, port, jvm, stop: (signal) => jvm.stop(signal) };
}
