import { resolve } from 'node:path';
import * as z from 'zod';
import { type BuildContext, section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { problem } from '../../pipeline/problem.js';
import { mapping, named, settings, text, whole } from '../../pipeline/spec-words.js';
import { whichForm } from '../service/which-form.js';

export type SeedValueSection =
  | string
  | { readonly from: string }
  | { readonly each: string }
  | { readonly integer: readonly [number, number] }
  | { readonly timestamp: string }
  | { readonly oneOf: readonly (string | number | boolean)[] }
  | { readonly value: string | number | boolean | null };

export type SeedSection = Located & (ServiceSeedSection | SqlSeedSection | CsvSeedSection | JsonlSeedSection);

export interface ServiceSeedSection {
  readonly kind: 'service';
  readonly service: string;
  readonly path: string;
  readonly rows: number;
  readonly random: number;
  readonly values: Readonly<Record<string, SeedValueSection>>;
  /** The path is a page with a form. */
  readonly form: boolean;
  /** Which one of the page. */
  readonly which: string | undefined;
  readonly login: LoginSection | undefined;
}

/** A form that is sent first, whose cookies go with all that follows. */
export interface LoginSection {
  readonly path: string;
  readonly which?: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

export interface SqlSeedSection {
  readonly kind: 'sql';
  /** Absolute. */
  readonly file: string;
  readonly database: string;
}

export interface CsvSeedSection {
  readonly kind: 'csv';
  /** Absolute. */
  readonly file: string;
  readonly database: string;
  readonly table: string;
}

export interface JsonlSeedSection {
  readonly kind: 'jsonl';
  /** Absolute. */
  readonly file: string;
  readonly topic: string;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly seeds: readonly SeedSection[];
  }
}

const seedValue = z.union(
  [
    text,
    mapping({ from: text.describe('A seed: one of its ids') }),
    mapping({ each: text.describe('A seed: its ids one after the other, from the first again after the last') }),
    mapping({ integer: z.tuple([z.int(), z.int()]).describe('Minimum and maximum') }),
    mapping({ timestamp: text.describe('A generator of dates, written with its time') }),
    mapping({
      oneOf: z
        .array(z.union([z.string(), z.number(), z.boolean()]))
        .min(1)
        .describe('One of these'),
    }),
    mapping({ value: z.union([z.string(), z.number(), z.boolean(), z.null()]).describe('Always this') }),
  ],
  {
    error:
      'must be a path of the data generator (person.firstName), or one of from, each, integer: [least, most], timestamp, oneOf, value',
  },
);

const seed = z.union(
  [
    mapping({
      service: text.describe('The service whose API creates the rows'),
      path: text.describe('Where they are posted').meta({ examples: ['/api/persons'] }),
      rows: whole(0, 100_000_000, 'rows is a whole number').describe('How many'),
      random: whole(0, 4_294_967_295, 'random is a whole number')
        .default(1)
        .describe('The same number generates the same data'),
      values: z
        .record(z.string(), seedValue)
        .describe('Field to generator')
        .meta({ examples: [{ name: 'person.fullName' }] }),
      form: z
        .boolean()
        .default(false)
        .describe('The path is a page with a form: each row is filled in there and sent, one after the other'),
      which: whichForm,
      login: mapping({
        path: text.describe('The page with the form').meta({ examples: ['/admin/login/'] }),
        which: whichForm,
        form: settings
          .describe('What is filled in')
          .meta({ examples: [{ username: 'root', password: '${ADMIN_PASSWORD}' }] }),
      })
        .optional()
        .describe('A form that is sent first; its cookies go with the rows'),
    }),
    mapping({
      sql: text.describe('A file with SQL: run once, and again after each change'),
      database: text.optional().describe('Which database; may be omitted if there is only one'),
    }),
    mapping({
      csv: text.describe('A file with a header line'),
      into: mapping({ database: text.describe('Where'), table: text.describe('Which table') }).describe(
        'Where its rows go',
      ),
    }),
    mapping({
      jsonl: text.describe('A file with a record a line: {"key": …, "value": …, "headers": {…}}, written as JSON'),
      topic: text.describe('Where they are written'),
    }),
  ],
  { error: 'must have service, path, rows and values; or sql; or csv and into; or jsonl and topic' },
);

export const seeds = section(
  'seed',
  named(seed).default({}).describe('Data to begin with, the same every time'),
  (declared, context) => ({
    seeds: context.each('seed', declared, (one, at) => buildSeed(one, at, context)).flat(),
  }),
);

function buildSeed(
  spec: z.output<typeof seed>,
  at: Located,
  { folder, names, problems, shared }: BuildContext,
): readonly SeedSection[] {
  if ('service' in spec) return [{ ...at, kind: 'service', ...spec, which: spec.which, login: spec.login }];
  if ('csv' in spec) return [{ ...at, kind: 'csv', file: resolve(folder, spec.csv), ...spec.into }];
  if ('jsonl' in spec) return [{ ...at, kind: 'jsonl', file: resolve(folder, spec.jsonl), topic: shared(spec.topic) }];
  const [only, ...others] = names('databases');
  const database = spec.database ?? (others.length === 0 ? only : undefined);
  if (database === undefined) {
    problems.push(problem('seed-database', at.location, `seed ${at.name} needs database: where its SQL runs`));
    return [];
  }
  return [{ ...at, kind: 'sql', file: resolve(folder, spec.sql), database }];
}
