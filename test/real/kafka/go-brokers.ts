import { startKafka } from '../../../src/embedded/kafka/index.js';
import { startRealKafka } from '../stack/kafka.js';

interface StartedBroker {
  readonly bootstrapServers: string;
  stop(): Promise<void>;
}

type Start = (dataDir: string, config?: Readonly<Record<string, string>>) => Promise<StartedBroker>;

/** These suites judge by themselves, so they need the real broker only with EVPIPE_RECORD=1: to see that it passes them. */
export const GO_BROKERS: readonly (readonly [string, Start])[] = [
  ['the embedded broker', (dataDir, config = {}) => startKafka({ dataDir, config })],
  ...(process.env.EVPIPE_RECORD === '1'
    ? [
        ['the real broker', (dataDir, config = {}) => startRealKafka({ dataDir, config })] as const satisfies readonly [
          string,
          Start,
        ],
      ]
    : []),
];
