import { Options } from '../../../../../../src/embedded/connect/config/options.js';
import { cloudEventsConverter } from '../../../../../../src/embedded/connect/converters/cloud-events.js';
import { jsonConverter } from '../../../../../../src/embedded/connect/converters/json.js';
import { ConnectFailure } from '../../../../../../src/embedded/connect/data/failure.js';
import type { CloudEventCase } from './cases.js';

/** The bytes that are written, or why there are none. */
export type CloudEventAnswer =
  | { readonly bytes: string | null }
  | { readonly failure: string; readonly message: string | null };

const envelopes = jsonConverter.create(
  new Options(jsonConverter.options, { 'replace.null.with.default': 'false' }),
  false,
);

/** Our converter; REGISTRY in options is its address. */
export async function runCase(one: CloudEventCase, registry = ''): Promise<CloudEventAnswer> {
  try {
    const options = Object.fromEntries(
      Object.entries(one.options).map(([name, value]) => [name, value.replaceAll('REGISTRY', registry)]),
    );
    const converter = cloudEventsConverter.create(new Options(cloudEventsConverter.options, options), false);
    const bytes = one.value === null ? null : Buffer.from(JSON.stringify(one.value));
    const { schema, value } = await envelopes.toConnect('t', bytes);
    const headers = one.headers.map(([name, json]) => [name, Buffer.from(JSON.stringify(json))] as const);
    const written = await converter.fromConnect(one.topic, schema, value, headers);
    return { bytes: written?.toString('hex') ?? null };
  } catch (failure) {
    if (!(failure instanceof ConnectFailure)) throw failure;
    return { failure: failure.className ?? '', message: failure.message };
  }
}
