import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { didYouMean } from '../did-you-mean.js';
import type { LintContext } from '../lint.js';
import type { SeedSection, SeedValueSection } from '../pipeline.js';
import { type Problem, problem } from '../problem.js';
import { placeOf } from './connector-views.js';
import { generatorPaths } from './generators.js';

/** Seeds whose values can be made, and whose files are there. */
export function checkSeeds(context: LintContext): readonly Problem[] {
  const { pipeline, spec } = context;
  const files = Object.entries(spec.seed).flatMap(([name, seed]) => {
    const [key, file] = Object.entries(seed).find(([one]) => ['sql', 'csv', 'jsonl'].includes(one)) ?? [];
    if (key === undefined || typeof file !== 'string' || existsSync(resolve(pipeline.folder, file))) return [];
    return [problem('file-missing', placeOf(context, 'seed', name, key), `seed ${name}: there is no file ${file}`)];
  });
  const values = pipeline.seeds.flatMap((seed) =>
    Object.entries(seed.values).flatMap(([field, value]) => {
      const why = faultOf(value, seed, context);
      return why === undefined
        ? []
        : [problem('seed-value', seed.locationOf('values', field), `seed ${seed.name}: ${field} ${why}`)];
    }),
  );
  return [...files, ...values];
}

function faultOf(value: SeedValueSection, seed: SeedSection, { pipeline, names }: LintContext): string | undefined {
  if (typeof value === 'string') return generator(value);
  if ('timestamp' in value) return generator(value.timestamp);
  if ('integer' in value)
    return value.integer[0] <= value.integer[1]
      ? undefined
      : `has its least integer after its most: ${value.integer.join(', ')}`;
  if (!('from' in value)) return undefined;
  if (!names('seed').includes(value.from))
    return `draws from ${value.from}, which is no seed${didYouMean(value.from, names('seed'))}`;
  const from = pipeline.seeds.find(({ name }) => name === value.from);
  if (from === undefined) return undefined;
  return from.rows === 0 && seed.rows > 0 ? `draws from ${value.from}, which has no rows` : undefined;
}

function generator(path: string): string | undefined {
  if (!/^[a-z][A-Za-z]*\.[a-z][A-Za-z0-9]*$/.test(path))
    return `is ${JSON.stringify(path)}: a generator is a path such as person.firstName; a fixed value is { value: … }`;
  const known = generatorPaths();
  return known.includes(path) ? undefined : `is ${path}, which is no data generator${didYouMean(path, known)}`;
}
