import { markdownTable } from '../../support/markdown.js';
import { ROUTES } from './routes.js';
import { LEVELS, MODES } from './schema-state.js';
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
    'Not supported: contexts other than the default one, exporters, key encryption. Metadata and rules are kept with a schema, rules are not run.',
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
