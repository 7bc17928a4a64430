import * as z from 'zod';
import { durationMs } from '../../pipeline/build.js';
import { type BuildContext, section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { problem } from '../../pipeline/problem.js';
import { duration, mapping, named, scalar, settings, text, whole } from '../../pipeline/spec-words.js';
import type { SourceLocation } from '../../support/errors.js';
import { whichForm } from '../service/which-form.js';

export type SmokeExpectation =
  | {
      readonly kind: 'record';
      readonly topic: string;
      readonly key: string | undefined;
      readonly value: Readonly<Record<string, unknown>> | undefined;
    }
  | {
      readonly kind: 'row';
      readonly database: string;
      readonly table: string;
      readonly where: Readonly<Record<string, unknown>>;
      readonly row: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'document';
      readonly store: string;
      readonly collection: string;
      readonly where: Readonly<Record<string, unknown>>;
      readonly document: Readonly<Record<string, unknown>>;
    };

export interface SmokeRequestSection {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** What is filled in on the page at `path`, which is then sent. */
  readonly form: Readonly<Record<string, string>> | undefined;
  /** Which form of the page. */
  readonly which: string | undefined;
  /** Text that the answer has to hold. */
  readonly contains: string | undefined;
  /** Undefined: any 2xx, with a form also 3xx. */
  readonly status: number | undefined;
  /** For locationOf: where in the test it stands. */
  readonly at: readonly string[];
}

export interface SmokeSection extends Located {
  /** Sent one after the other. */
  readonly requests: readonly SmokeRequestSection[];
  readonly expect: readonly SmokeExpectation[];
  readonly withinMs: number;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly smoke: readonly SmokeSection[];
  }
}

const anything = z.record(z.string(), z.unknown());

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

const smokeRequest = mapping({
  service: text.describe('Which service is asked'),
  method: z
    .enum(METHODS, { error: `must be ${METHODS.slice(0, -1).join(', ')} or ${METHODS.at(-1)}` })
    .default('POST')
    .describe('HTTP method'),
  path: text.describe('Path').meta({ examples: ['/api/persons'] }),
  body: z.unknown().optional().describe('Sent as JSON'),
  form: settings
    .optional()
    .describe(
      'Instead of a body: fields filled in on the page, which is opened first; hidden fields and cookies are kept',
    )
    .meta({ examples: [{ username: 'root', password: '${ADMIN_PASSWORD}' }] }),
  which: whichForm,
  contains: text.optional().describe('Text that the response must contain'),
  status: whole(100, 599, 'a status is 100 to 599').optional().describe('The expected status; default: any 2xx'),
});

const smokeTest = mapping({
  request: z
    .union([smokeRequest, z.array(smokeRequest).min(1)], {
      error: 'must be a request (service, path), or a list of them',
    })
    .optional()
    .describe('What starts it; several are sent one after the other, $(response.…) is the last answer with a body'),
  expect: z
    .array(
      mapping({
        topic: text.optional().describe('A record appears on this topic'),
        key: scalar
          .optional()
          .describe('with this key')
          .meta({ examples: ['$(response.id)'] }),
        value: anything.optional().describe('and these fields'),
        database: text.optional().describe('A row appears in this database'),
        table: text.optional().describe('in this table'),
        where: anything.optional().describe('with these values'),
        row: anything.optional().describe('and these others'),
        store: text.optional().describe('A document appears in this store'),
        collection: text.optional().describe('in this collection, with the values of where'),
        document: anything.optional().describe('and these others'),
      }),
    )
    .describe('What must be seen afterwards'),
  within: duration.default('10s').describe('How long it may take'),
});

type SmokeSpec = z.output<typeof smokeTest>;

export const smoke = section(
  'smoke',
  named(smokeTest).default({}).describe('What must happen after a request'),
  (declared, { each, problems, shared }) => ({
    smoke: each('smoke', declared, (one, at) => ({
      ...at,
      requests: smokeRequests(one.request, at, { problems }),
      expect: one.expect.flatMap(
        (expected, index) =>
          buildExpectation(expected, at.locationOf('expect', String(index)), { problems, shared }) ?? [],
      ),
      withinMs: durationMs(one.within),
    })),
  }),
  { resolves: true },
);

function smokeRequests(
  request: SmokeSpec['request'],
  { locationOf }: Located,
  { problems }: Pick<BuildContext, 'problems'>,
): readonly SmokeRequestSection[] {
  if (request === undefined) return [];
  const requests = Array.isArray(request) ? request : [request];
  return requests.map((one, index) => {
    const at = Array.isArray(request) ? ['request', String(index)] : ['request'];
    const { body, form, which, contains, status } = one;
    if (form !== undefined && (body !== undefined || one.method !== 'POST')) {
      const message = 'a request with a form is a POST without a body';
      problems.push(problem('smoke-form', locationOf(...at, 'form'), message));
    }
    if (which !== undefined && form === undefined)
      problems.push(
        problem('smoke-form', locationOf(...at, 'which'), 'which says which form of a page is sent: it needs form'),
      );
    return { ...one, body, form, which, contains, status, at };
  });
}

function buildExpectation(
  one: SmokeSpec['expect'][number],
  location: SourceLocation,
  { problems, shared }: Pick<BuildContext, 'problems' | 'shared'>,
): SmokeExpectation | undefined {
  if (one.topic !== undefined) return { kind: 'record', topic: shared(one.topic), key: one.key, value: one.value };
  if (one.database !== undefined && one.table !== undefined && one.where !== undefined) {
    return { kind: 'row', database: one.database, table: one.table, where: one.where, row: one.row ?? {} };
  }
  if (one.store !== undefined && one.collection !== undefined && one.where !== undefined) {
    const { store, collection, where, document = {} } = one;
    return { kind: 'document', store, collection, where, document };
  }
  const message =
    'an expectation is a record (topic, key, value), a row (database, table, where, row) or a document (store, collection, where, document)';
  problems.push(problem('expectation-incomplete', location, message));
  return undefined;
}
