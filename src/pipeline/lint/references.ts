import { readFileSync } from 'node:fs';
import type { SourceLocation } from '../../support/errors.js';
import { displayPath } from '../build.js';
import { didYouMean } from '../did-you-mean.js';
import { nodeAt, textsOf } from '../document.js';
import type { LintContext } from '../lint.js';
import { type Problem, problem } from '../problem.js';
import { parseReference, referencesIn } from '../references.js';

/** `$(…)` in the file, and in SQL and ksql files: on the list of references, and about something that is declared. */
export function checkReferences(context: LintContext): readonly Problem[] {
  return [...inFile(context), ...inSqlFiles(context)];
}

/** Sections in which references are replaced; elsewhere `$(` is a text like any other. */
const SECTIONS = ['services', 'connectors', 'connect', 'smoke'];

function inFile(context: LintContext): readonly Problem[] {
  return SECTIONS.flatMap((section) => {
    const node = nodeAt(context.tree, [section]);
    if (node === undefined) return [];
    return [...textsOf(node)].flatMap(({ text, location }) =>
      referencesIn(text).flatMap((path) => problemOf(path, location, section === 'smoke', context)),
    );
  });
}

function inSqlFiles(context: LintContext): readonly Problem[] {
  const { pipeline, cwd } = context;
  const files = [...pipeline.databases.flatMap(({ migrations }) => migrations), ...(pipeline.ksqldb?.migrations ?? [])];
  return files.flatMap((file) => {
    const text = textOf(file);
    if (!text.includes('$(')) return [];
    return text
      .split('\n')
      .flatMap((line, index) =>
        referencesIn(line).flatMap((path) =>
          problemOf(
            path,
            { file: displayPath(file, cwd), line: index + 1, column: line.indexOf(`$(${path})`) + 1 },
            false,
            context,
          ),
        ),
      );
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // another rule says that it can't be read
  }
}

/** The list as a user would type it, with the names of this file. */
function listed({ names }: LintContext): readonly string[] {
  return [
    'kafka.bootstrapServers',
    ...['schemaRegistry', 'connect', 'ksqldb', 'rabbitmq'].map((server) => `${server}.url`),
    ...names('databases').flatMap((name) =>
      ['url', 'host', 'port', 'name', 'user', 'password'].map((field) => `databases.${name}.${field}`),
    ),
    ...names('services').flatMap((name) => [`services.${name}.url`, `services.${name}.port`]),
    ...names('stores').map((name) => `stores.${name}.url`),
    'gateway.url',
  ];
}

function problemOf(path: string, location: SourceLocation, smoke: boolean, context: LintContext): readonly Problem[] {
  const reference = parseReference(path);
  const unknown = (what: string, section: string, name: string): Problem[] =>
    context.names(section).includes(name)
      ? []
      : [
          problem(
            'dangling-reference',
            location,
            `$(${path}): there is no ${what} ${name}${didYouMean(name, context.names(section))}`,
          ),
        ];
  switch (reference?.kind) {
    case 'database':
      return unknown('database', 'databases', reference.name);
    case 'service':
      return unknown('service', 'services', reference.name);
    case 'store':
      return unknown('store', 'stores', reference.name);
    case 'gateway':
      return context.spec.gateway !== undefined
        ? []
        : [problem('dangling-reference', location, `$(${path}): there is no gateway`)];
    case 'server':
      return [];
    case 'response':
      return smoke
        ? []
        : [
            problem(
              'unknown-reference',
              location,
              `$(${path}) means something in smoke only: what the request was answered`,
            ),
          ];
    default:
      return [
        problem('unknown-reference', location, `$(${path}) refers to nothing${didYouMean(path, listed(context))}`),
      ];
  }
}
