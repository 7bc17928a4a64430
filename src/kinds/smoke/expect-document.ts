import type { DocumentsClient, FieldValue, Scalar } from '../../clients/documents/contract.js';
import { EvpipeError } from '../../support/errors.js';
import { pause } from '../../support/retry.js';
import type { Session } from '../session.js';
import { documentsClient } from '../store/client.js';
import { valueDifference } from './expect.js';
import type { SmokeExpectation } from './section.js';
import { textOf } from './template.js';

type DocumentExpectation = Extract<SmokeExpectation, { readonly kind: 'document' }>;

const POLL_PAUSE_MS = 100;

/** Asks until a document with `where` has these fields. Throws EVPIPE_SMOKE_DOCUMENT with what was found instead when the deadline passes first. */
export async function expectDocument(
  expected: DocumentExpectation,
  session: Session,
  deadline: AbortSignal,
): Promise<string> {
  const { store, collection } = expected;
  const client = await documentsClient(session.clients, store);
  try {
    for (;;) {
      const difference = await documentDifference(expected, client, session.signal);
      if (difference === undefined) return `document ${store}.${collection}`;
      if (deadline.aborted) {
        throw new EvpipeError('EVPIPE_SMOKE_DOCUMENT', `no such document in ${store}.${collection}: ${difference}`);
      }
      await pause(POLL_PAUSE_MS, session.signal);
    }
  } finally {
    await client.close();
  }
}

async function documentDifference(
  { collection, where, document }: DocumentExpectation,
  client: DocumentsClient,
  signal: AbortSignal,
): Promise<string | undefined> {
  const query = { collection, paths: Object.keys(document), where: where as Readonly<Record<string, Scalar>> };
  let nearest: string | undefined;
  for await (const block of client.stream(query, signal)) {
    for (const { values } of block) {
      const differences = query.paths.flatMap((path, index) => {
        const value = values[index];
        if (value === undefined || value.kind === 'missing') return [`${path} is missing`];
        return valueDifference(document[path], plainValue(value), path) ?? [];
      });
      if (differences.length === 0) return undefined;
      nearest ??= differences.join('; ');
    }
  }
  const wanted = Object.entries(where).map(([name, value]) => `${name} ${textOf(value)}`);
  return nearest ?? `there is none with ${wanted.join(', ')}`;
}

/** Numbers stay texts, which is how they are compared. */
function plainValue(value: Exclude<FieldValue, { readonly kind: 'missing' }>): unknown {
  switch (value.kind) {
    case 'null':
      return null;
    case 'json':
      return JSON.parse(value.text);
    case 'boolean':
      return value.text === 'true';
    default:
      return value.text;
  }
}
