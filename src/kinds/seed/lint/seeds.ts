import { existsSync, readFileSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { displayPath } from '../../../pipeline/build.js';
import { didYouMean } from '../../../pipeline/did-you-mean.js';
import type { LintContext } from '../../../pipeline/kind.js';
import type { Located, Pipeline } from '../../../pipeline/pipeline.js';
import { type Problem, problem } from '../../../pipeline/problem.js';
import type { SeedSection, SeedValueSection, ServiceSeedSection } from '../section.js';
import { csvColumns, readSeedLines } from '../seed-files.js';
import { generatorPaths } from './generators.js';

/** Seeds whose values can be made, and whose files can be read. */
export function checkSeeds(context: LintContext): readonly Problem[] {
  return context.pipeline.seeds.flatMap((seed) =>
    seed.kind === 'service' ? values(seed, context) : file(seed, context),
  );
}

type ServiceSeed = Located & ServiceSeedSection;
type FileSeed = Exclude<SeedSection, { readonly kind: 'service' }>;

function values(seed: ServiceSeed, context: LintContext): readonly Problem[] {
  return Object.entries(seed.values).flatMap(([field, value]) => {
    const why = faultOf(value, seed, context);
    return why === undefined
      ? []
      : [problem('seed-value', seed.locationOf('values', field), `seed ${seed.name}: ${field} ${why}`)];
  });
}

/** Of one file so many wrong lines are told: the rest is like them. */
const LINES_TOLD_MAX = 10;

function file(seed: FileSeed, { pipeline, cwd }: LintContext): readonly Problem[] {
  const written = relative(pipeline.folder, seed.file);
  const place = seed.locationOf(seed.kind);
  if (!existsSync(seed.file) || !statSync(seed.file).isFile())
    return [problem('file-missing', place, `seed ${seed.name}: there is no file ${written}`)];
  if (seed.kind === 'sql') return [];
  const text = readFileSync(seed.file, 'utf8');
  const shown = displayPath(seed.file, cwd);
  if (seed.kind === 'jsonl')
    return readSeedLines(text)
      .problems.slice(0, LINES_TOLD_MAX)
      .map(({ line, message }) =>
        problem('seed-line', { file: shown, line, column: 1 }, `seed ${seed.name}: the line ${message}`),
      );
  const columns = csvColumns(text);
  const header = { file: shown, line: 1, column: 1 };
  if (columns.length === 0 || columns.includes(''))
    return [problem('seed-header', header, `seed ${seed.name}: the first line must name the columns`)];
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) return [problem('seed-header', header, `seed ${seed.name}: column ${twice} is named twice`)];
  const known = tableColumns(seed, pipeline);
  return columns
    .filter((column) => known !== undefined && !known.includes(column))
    .map((column) =>
      problem(
        'seed-header',
        header,
        `seed ${seed.name}: table ${seed.table} has no column ${column}${didYouMean(column, known ?? [])}`,
      ),
    );
}

const CONSTRAINT = /^(constraint|primary|unique|foreign|check|exclude|like)\b/i;

/** The columns of a table that one CREATE TABLE of the migrations makes and nothing changes; undefined where that can't be told from the text. */
function tableColumns(
  { database, table }: FileSeed & { readonly kind: 'csv' },
  pipeline: Pipeline,
): readonly string[] | undefined {
  const files = pipeline.databases.find(({ name }) => name === database)?.migrations ?? [];
  const text = files.map((one) => readFileSync(one, 'utf8').replace(/--[^\n]*/g, '')).join('\n');
  const name = table.replace(/^public\./, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const mentioned = `(?:"?public"?\\.)?"?${name}"?`;
  if (new RegExp(`\\balter\\s+table\\b[^;]*\\b${mentioned}`, 'i').test(text)) return undefined;
  const [made, ...again] = [
    ...text.matchAll(
      new RegExp(`\\bcreate\\s+table\\s+(?:if\\s+not\\s+exists\\s+)?${mentioned}\\s*\\(([^;]*)\\)[^;)]*;`, 'gi'),
    ),
  ];
  if (made?.[1] === undefined || again.length > 0) return undefined;
  const parts = made[1].replace(/\([^()]*(?:\([^()]*\)[^()]*)*\)/g, '').split(',');
  const columns = parts.map((part) => part.trim()).filter((part) => part !== '' && !CONSTRAINT.test(part));
  if (/^like\b|\bpartition\s+of\b/im.test(made[1])) return undefined;
  return columns.map((part) => /^"([^"]+)"|^(\S+)/.exec(part)?.slice(1).find(Boolean) ?? '');
}

function faultOf(value: SeedValueSection, seed: ServiceSeed, { pipeline, names }: LintContext): string | undefined {
  if (typeof value === 'string') return generator(value);
  if ('timestamp' in value) return generator(value.timestamp);
  if ('integer' in value)
    return value.integer[0] <= value.integer[1]
      ? undefined
      : `has its minimum above its maximum: ${value.integer.join(', ')}`;
  const source = 'from' in value ? value.from : 'each' in value ? value.each : undefined;
  if (source === undefined) return undefined;
  if (!names('seed').includes(source))
    return `draws from ${source}, which is not a seed${didYouMean(source, names('seed'))}`;
  const from = pipeline.seeds.find(({ name }) => name === source);
  if (from === undefined) return undefined;
  if (from.kind !== 'service')
    return `draws from ${source}, whose ids are not made here: it is not a seed by a service`;
  return from.rows === 0 && seed.rows > 0 ? `draws from ${source}, which has no rows` : undefined;
}

function generator(path: string): string | undefined {
  if (!/^[a-z][A-Za-z]*\.[a-z][A-Za-z0-9]*$/.test(path))
    return `is ${JSON.stringify(path)}: a generator is a path such as person.firstName; a fixed value is { value: … }`;
  const known = generatorPaths();
  return known.includes(path) ? undefined : `is ${path}, which is not a data generator${didYouMean(path, known)}`;
}
