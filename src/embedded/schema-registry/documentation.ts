import { markdownTable } from '../../support/markdown.js';
import { LEVELS, MODES } from './levels.js';
import { ROUTES } from './routes.js';
import { SCHEMA_TYPES } from './schemas-topic.js';

const byName = (head: string, table: Readonly<Record<string, string>>): string[] =>
  markdownTable(
    [head, 'meaning'],
    Object.entries(table).map(([name, meaning]) => [`\`${name}\``, meaning]),
  );

/** docs/schema-registry.md: from the tables that requests are answered by. */
export function schemaRegistryDocumentation(): string {
  return [
    '# The embedded Schema Registry',
    '',
    'One node with the REST API of Confluent’s Schema Registry, its error codes and texts; its state is the topic `_schemas` in Kafka, in the form of',
    'the original. This page is generated from the tables that the server itself uses.',
    '',
    '## Endpoints',
    '',
    ...markdownTable(
      ['endpoint', 'meaning'],
      ROUTES.map(({ method, path, meaning }) => [`\`${method} ${path}\``, meaning]),
    ),
    '',
    'All of them are also below `/contexts/:context`, for the subjects, ids and settings of that context; elsewhere its subjects are written',
    '`:.context:subject`. Ids are counted in each context by itself. Settings are looked for at the subject, then at its context, then at `:.__GLOBAL:`.',
    '',
    'Not supported: exporters, key encryption; refused are output formats (`format`) other than `serialized`, validateFields and validateNames. Metadata and rules',
    'are kept with a schema, with the defaults and overrides of its subject; rules are not run.',
    '',
    '## Types of schemas',
    '',
    ...byName('type', SCHEMA_TYPES),
    '',
    'Any other type is refused with 42201.',
    '',
    '## Compatibility levels',
    '',
    ...byName('level', LEVELS),
    '',
    'BACKWARD where nothing was set.',
    '',
    '## Modes',
    '',
    ...byName('mode', MODES),
    '',
    'READWRITE where nothing was set.',
    '',
  ].join('\n');
}
