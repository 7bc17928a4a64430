import { readFile, stat, writeFile } from 'node:fs/promises';
import { connectKafka } from '../../../clients/kafka/client.js';
import { codeOf, messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { pause } from '../../../support/retry.js';
import type { Settings, SignalChannels } from './settings.js';
import type { Signal } from './signals.js';

type SignalSettings = Pick<Settings, 'prefix' | 'signals'>;

/** Reads the enabled channels until the signal is aborted; never rejects. */
export async function readSignals(
  settings: SignalSettings,
  arrived: (signal: Signal) => void,
  log: Log,
  abort: AbortSignal,
): Promise<void> {
  const { enabled } = settings.signals;
  await Promise.all([
    ...(enabled.has('file') ? [readFileChannel(settings.signals, arrived, log, abort)] : []),
    ...(enabled.has('kafka') ? [readKafkaChannel(settings, arrived, log, abort)] : []),
  ]);
}

/** A line of JSON with id, type and data; undefined where it is something else. */
function parseSignal(text: string, fallbackId: string): Signal | undefined {
  let given: { readonly id?: unknown; readonly type?: unknown; readonly data?: unknown };
  try {
    given = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof given !== 'object' || given === null || typeof given.type !== 'string') return undefined;
  const { id, type, data } = given;
  return {
    id: typeof id === 'string' ? id : fallbackId,
    type,
    data: data === undefined ? null : typeof data === 'string' ? data : JSON.stringify(data),
  };
}

/** Signals are a line each. The name is anybody's who may configure a connector: it could be that of any file. */
const FILE_BYTES_MAX = 1024 * 1024;

/**
 * The text of a signal file; undefined where there is none. Throws for anything but a file of that size: a device or a
 * pipe would be read without an end.
 */
async function signalText(file: string): Promise<string | undefined> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
    return await readFile(file, 'utf8');
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return undefined;
    throw failure;
  }
}

/** A file of signals, a line each, which is emptied once it is read. One that holds anything else is left alone. */
async function readFileChannel(
  { file, pollMs }: SignalChannels,
  arrived: (signal: Signal) => void,
  log: Log,
  abort: AbortSignal,
): Promise<void> {
  let warned: string | undefined;
  const warn = (why: string): void => {
    if (warned !== why) log.warn('the signal file is not read', { file, why });
    warned = why;
  };
  while (!abort.aborted) {
    try {
      const text = (await signalText(file)) ?? '';
      const lines = text.split('\n').filter((line) => line.trim() !== '');
      const signals = lines.flatMap((line) => parseSignal(line, '') ?? []);
      if (signals.length < lines.length) warn('a line of it is not a signal');
      else if (signals.length > 0) {
        warned = undefined;
        await writeFile(file, '');
        for (const signal of signals) arrived(signal);
      }
    } catch (failure) {
      warn(messageOf(failure));
    }
    await pause(pollMs, abort).catch(() => {}); // aborted: the loop sees it
  }
}

/** Partition 0 of a topic: records whose key is the connector's prefix. What was read is committed for the group. */
async function readKafkaChannel(
  { prefix, signals: { topic, bootstrapServers, group, pollMs } }: SignalSettings,
  arrived: (signal: Signal) => void,
  log: Log,
  abort: AbortSignal,
): Promise<void> {
  const kafka = connectKafka({ bootstrapServers, clientId: `${prefix}-signals` });
  const here = ({ partition }: { readonly partition: number }): boolean => partition === 0;
  while (!abort.aborted) {
    try {
      if ((await kafka.describeTopic(topic)) !== undefined) {
        const committed = (await kafka.committedOffsets(group, [topic])).find(here);
        const from = committed ?? (await kafka.offsets(topic, 'earliest')).find(here);
        const reader = kafka.reader({ from: from === undefined ? [] : [from], signal: abort });
        for await (const { records, nextOffset } of reader) {
          for (const { key, value, offset } of records) {
            if (key?.toString('utf8') !== prefix || value === null || value.length === 0) continue;
            const signal = parseSignal(value.toString('utf8'), String(offset));
            if (signal === undefined) log.warn('a record of the signal topic is not a signal', { topic, offset });
            else arrived(signal);
          }
          await kafka.commitOffsets(group, [{ topic, partition: 0, offset: nextOffset }]);
        }
      }
    } catch (failure) {
      if (!abort.aborted) log.warn('the signal topic cannot be read', { topic, why: messageOf(failure) });
    }
    await pause(pollMs, abort).catch(() => {}); // aborted: the loop sees it
  }
  await kafka.close();
}
