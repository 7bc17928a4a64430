import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lifetime } from '../../../src/support/lifetime.js';
import { type RealConnect, type RealConnectOptions, startRealConnect } from './connect.js';
import { type RealKafka, type RealKafkaOptions, startRealKafka } from './kafka.js';
import { type RealRegistry, type RealRegistryOptions, startRealRegistry } from './registry.js';

type Part<Options> = true | Partial<Options> | undefined;

export interface RealStackOptions {
  readonly kafka?: Part<RealKafkaOptions>;
  readonly registry?: Part<RealRegistryOptions>;
  /** Needs `kafka`, or the bootstrapServers of another one. */
  readonly connect?: Part<RealConnectOptions>;
  /** Kept after stop; absent: a new folder in the system's temporary one, removed by stop. */
  readonly dataDir?: string | undefined;
}

/** The parts that were asked for; asking for a part that wasn't started is a defect of the test, so it throws. */
export interface RealStack {
  readonly dataDir: string;
  readonly kafka: RealKafka;
  readonly registry: RealRegistry;
  readonly connect: RealConnect;
  stop(): Promise<void>;
}

/**
 * Starts real servers with fresh data on free ports of 127.0.0.1 and resolves when all of them answer (with
 * everything in about 20 s). They end with `stop`, or with this process however it ends. Logs: `<dataDir>/<part>/<part>.log`.
 */
export async function startRealStack(options: RealStackOptions): Promise<RealStack> {
  const lifetime = new Lifetime();
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'evpipe-real-')));
  if (options.dataDir === undefined) lifetime.onEnd(() => rm(dataDir, { recursive: true, force: true }));
  const own = async <Running extends { stop(): Promise<void> }>(starting: Promise<Running>): Promise<Running> => {
    const running = await starting;
    lifetime.onEnd(() => running.stop());
    return running;
  };
  const kafkaThenConnect = async (): Promise<{ kafka: RealKafka | undefined; connect: RealConnect | undefined }> => {
    const kafkaOptions = partOptions(options.kafka);
    const kafka = kafkaOptions && (await own(startRealKafka({ dataDir: join(dataDir, 'kafka'), ...kafkaOptions })));
    const connectOptions = partOptions(options.connect);
    if (connectOptions === undefined) return { kafka, connect: undefined };
    const bootstrapServers = connectOptions.bootstrapServers ?? kafka?.bootstrapServers;
    if (bootstrapServers === undefined) throw new Error('connect needs kafka, or bootstrapServers');
    const folder = join(dataDir, 'connect');
    return { kafka, connect: await own(startRealConnect({ dataDir: folder, ...connectOptions, bootstrapServers })) };
  };
  const registryOptions = partOptions(options.registry);
  const [servers, registry] = await Promise.allSettled([
    kafkaThenConnect(),
    registryOptions && own(startRealRegistry({ dataDir: join(dataDir, 'registry'), ...registryOptions })),
  ]);
  const failed = [servers, registry].find((part) => part.status === 'rejected');
  if (servers.status === 'rejected' || registry.status === 'rejected') {
    await lifetime.end();
    throw failed?.reason;
  }
  return {
    dataDir,
    get kafka() {
      return started('kafka', servers.value.kafka);
    },
    get connect() {
      return started('connect', servers.value.connect);
    },
    get registry() {
      return started('registry', registry.value);
    },
    stop: () => lifetime.end(),
  };
}

function partOptions<Options>(part: Part<Options>): Partial<Options> | undefined {
  return part === true ? {} : part;
}

function started<Running>(name: string, part: Running | undefined): Running {
  if (part === undefined) throw new Error(`startRealStack was not asked for ${name}`);
  return part;
}
