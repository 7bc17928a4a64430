import { createHash } from 'node:crypto';
import type { Faker } from '@faker-js/faker';
import { faker } from '@faker-js/faker/locale/en';
import { EvpipeError } from '../../support/errors.js';

/** How one field of a seeded row is made; the texts are paths of the faker library (`person.firstName`). */
export type SeedValue =
  | string
  | { readonly from: string }
  | { readonly each: string }
  | { readonly integer: readonly [least: number, most: number] }
  | { readonly timestamp: string }
  | { readonly oneOf: readonly (string | number | boolean)[] }
  | { readonly value: string | number | boolean | null };

export interface SeedPlan {
  readonly name: string;
  readonly rows: number;
  readonly random: number;
  readonly values: Readonly<Record<string, SeedValue>>;
}

/** Every date is around this day, whenever the seed runs, so that the same file gives the same data for ever. */
const REFERENCE_DATE = new Date('2026-01-01T00:00:00Z');

/** The id of a seeded row: a UUID (version 8: made up by its application) that depends on name, random and row alone. */
export function seedId(plan: Pick<SeedPlan, 'name' | 'random'>, row: number): string {
  const hash = createHash('sha256').update(`${plan.name}\0${plan.random}\0${row}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * The row with this number (from 0), `id` first. Every row is made from its own random state, so a seed that was
 * interrupted continues anywhere. `plans` are the seeds that `from` may draw ids of; none has to have run.
 */
export function seedRow(plan: SeedPlan, row: number, plans: ReadonlyMap<string, SeedPlan>): Record<string, unknown> {
  faker.seed([plan.random, row]);
  faker.setDefaultRefDate(REFERENCE_DATE);
  const fields: Record<string, unknown> = { id: seedId(plan, row) };
  for (const [field, value] of Object.entries(plan.values)) fields[field] = makeValue(plan, field, value, row, plans);
  return fields;
}

function makeValue(
  plan: SeedPlan,
  field: string,
  value: SeedValue,
  row: number,
  plans: ReadonlyMap<string, SeedPlan>,
): unknown {
  if (typeof value === 'string') {
    const made = callFaker(faker, plan, field, value);
    return made instanceof Date ? made.toISOString().slice(0, 10) : made;
  }
  if ('integer' in value) return faker.number.int({ min: value.integer[0], max: value.integer[1] });
  if ('oneOf' in value) return faker.helpers.arrayElement(value.oneOf);
  if ('value' in value) return value.value;
  if ('timestamp' in value) {
    const made = callFaker(faker, plan, field, value.timestamp);
    return made instanceof Date ? made.toISOString() : made;
  }
  const other = 'each' in value ? value.each : value.from;
  const from = plans.get(other);
  if (from === undefined)
    throw new EvpipeError(
      'EVPIPE_SEED_UNKNOWN',
      `seed ${plan.name}: ${field} draws from ${other}, which is not a seed`,
      {
        kind: 'usage',
      },
    );
  if ('each' in value) return seedId(from, row % from.rows);
  return seedId(from, faker.number.int({ min: 0, max: from.rows - 1 }));
}

/** The maker behind a path such as `person.firstName`; undefined where faker has none. */
function fakerMaker(source: Faker, path: string): (() => unknown) | undefined {
  const [moduleName, makerName, ...rest] = path.split('.');
  if (moduleName === undefined || makerName === undefined || rest.length > 0 || !Object.hasOwn(source, moduleName))
    return undefined;
  const owner = (source as unknown as Record<string, Record<string, unknown>>)[moduleName];
  const maker = owner?.[makerName];
  return typeof maker === 'function' ? () => maker.call(owner) : undefined;
}

function callFaker(source: Faker, plan: SeedPlan, field: string, path: string): unknown {
  const maker = fakerMaker(source, path);
  if (maker === undefined) {
    throw new EvpipeError(
      'EVPIPE_SEED_VALUE_UNKNOWN',
      `seed ${plan.name}: ${field} is "${path}", which the data generator does not have`,
      {
        kind: 'usage',
        todo: 'Use a path of the faker library, such as person.firstName, date.birthdate or commerce.price.',
      },
    );
  }
  return maker();
}
