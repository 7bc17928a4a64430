import { type LivenessQuestion, questionOf, type Silence, silenceOf } from '../support/liveness.js';
import type { Endpoint } from '../targets/component.js';

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

export function questionsOf(endpoint: Endpoint): readonly LivenessQuestion[] {
  if ('bootstrapServers' in endpoint) {
    const tls = endpoint.ssl !== undefined && endpoint.ssl !== false;
    return endpoint.bootstrapServers.split(',').flatMap((address) => {
      const [, host, port] = /^\s*\[?(.*?)\]?:(\d+)\s*$/.exec(address) ?? [];
      return host === undefined ? [] : [{ protocol: 'kafka', host, port: Number(port), tls }];
    });
  }
  if ('isTcp' in endpoint) return [];
  const question = endpoint.url === undefined ? undefined : questionOf(endpoint.url);
  return question === undefined ? [] : [question];
}

export const placeOf = (endpoint: Endpoint): string => {
  if ('bootstrapServers' in endpoint) return endpoint.bootstrapServers;
  return endpoint.url !== undefined && URL.canParse(endpoint.url) ? new URL(endpoint.url).host : 'its address';
};
