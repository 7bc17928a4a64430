import { type LivenessQuestion, type Protocol, type Silence, silenceOf } from '../support/liveness.js';
import type { Endpoint } from '../targets/component.js';

/** By the scheme of an address. MongoDB's driver has a bound of its own for the servers it selects from. */
const SCHEMES: Readonly<
  Record<string, { readonly protocol: Protocol; readonly port: number; readonly tls?: boolean }>
> = {
  'http:': { protocol: 'http', port: 80 },
  'https:': { protocol: 'http', port: 443, tls: true },
  'amqp:': { protocol: 'amqp', port: 5672 },
  'amqps:': { protocol: 'amqp', port: 5671, tls: true },
  'redis:': { protocol: 'redis', port: 6379 },
  'rediss:': { protocol: 'redis', port: 6379, tls: true },
  'postgres:': { protocol: 'postgres', port: 5432 },
  'postgresql:': { protocol: 'postgres', port: 5432 },
};

/** Undefined where one server of the address lives, or where there is nothing to ask. */
export async function silenceAt(
  endpoint: Endpoint,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Silence | undefined> {
  const questions = questionsOf(endpoint);
  const silences = await Promise.all(questions.map((question) => silenceOf(question, timeoutMs, signal)));
  return silences.includes(undefined) ? undefined : silences[0];
}

function questionsOf(endpoint: Endpoint): readonly LivenessQuestion[] {
  if ('bootstrapServers' in endpoint) {
    const tls = endpoint.ssl !== undefined && endpoint.ssl !== false;
    return endpoint.bootstrapServers.split(',').flatMap((address) => {
      const [, host, port] = /^\s*\[?(.*?)\]?:(\d+)\s*$/.exec(address) ?? [];
      return host === undefined ? [] : [{ protocol: 'kafka', host, port: Number(port), tls }];
    });
  }
  if (endpoint.url === undefined || !URL.canParse(endpoint.url)) return [];
  const { protocol: scheme, hostname, port } = new URL(endpoint.url);
  const known = SCHEMES[scheme];
  if (known === undefined) return [];
  return [{ ...known, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || known.port }];
}

export const placeOf = (endpoint: Endpoint): string => {
  if ('bootstrapServers' in endpoint) return endpoint.bootstrapServers;
  return endpoint.url !== undefined && URL.canParse(endpoint.url) ? new URL(endpoint.url).host : 'its address';
};
