import { type KafkaOptions, startKafka } from '../embedded/kafka/index.js';
import { AUTHORIZER_SETTINGS } from '../embedded/kafka/security/authorizer.js';
import { BROKER_CONFIG_BY_NAME } from '../embedded/kafka/topics/broker-config-definitions.js';
import { invalid } from '../protocol/kafka/topic-configs.js';
import { EvpipeError } from '../support/errors.js';

export interface ServedKafka {
  readonly bootstrapServers: string;
  /** host:port of each further listener, by its name. */
  readonly listeners: Readonly<Record<string, string>>;
  readonly ended: Promise<void>;
}

/** Runs the embedded broker alone, in this process, on 127.0.0.1. Answers once it serves; it stops with the signal. */
export async function serveKafka(options: KafkaOptions, signal: AbortSignal): Promise<ServedKafka> {
  for (const [name, value] of Object.entries(options.config ?? {})) checkSetting(name, value);
  const broker = await startKafka({ ...options, host: '127.0.0.1' });
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  }).then(() => broker.stop());
  return { bootstrapServers: broker.bootstrapServers, listeners: broker.listeners, ended };
}

function checkSetting(name: string, value: string): void {
  if (AUTHORIZER_SETTINGS.includes(name)) return;
  const definition = BROKER_CONFIG_BY_NAME.get(name);
  const why = definition === undefined ? `${name} is not a broker setting` : invalid(definition, value);
  if (why === undefined) return;
  throw new EvpipeError('EVPIPE_KAFKA_SETTING', why, {
    kind: 'usage',
    todo: 'docs/kafka.md lists the settings of the embedded broker.',
  });
}
