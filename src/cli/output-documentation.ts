import { markdownTable } from '../support/markdown.js';
import { outputSchema } from './output-shapes.js';

/** As much of JSON Schema as the shapes make use of. */
interface Node {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | false;
  readonly items?: Node;
}

interface Schema extends Node {
  readonly $defs: Readonly<Record<string, Node>>;
}

/** docs/json-output.schema.json */
export const outputSchemaText = (): string => `${JSON.stringify(outputSchema(), null, 1)}\n`;

/** docs/json-output.md: from the shapes that tests hold the commands' output against. */
export function outputDocumentation(): string {
  const { properties = {}, $defs } = outputSchema() as unknown as Schema;
  const linesOf = ({ anyOf = [] }: Node): string =>
    anyOf
      .filter(({ $ref }) => $ref !== '#/$defs/error')
      .map(typeText)
      .join(', ');
  return [
    '# JSON output',
    '',
    'What commands print with `--output json`: one JSON value a line. This page is generated from the shapes that tests hold each line against;',
    '[json-output.schema.json](json-output.schema.json) has them as JSON Schema, under the name of each command. A line has no keys but these. Any command may end with an [error](#error)',
    'instead. Whole numbers that a reader may round are digits in a text.',
    '',
    ...markdownTable(
      ['command', 'a line is'],
      Object.entries(properties).map(([command, node]) => [`[${command}](commands.md#${command})`, linesOf(node)]),
    ),
    ...Object.entries($defs).flatMap(([id, node]) => section(id, node)),
    '',
  ].join('\n');
}

function section(id: string, { description = '', properties, required = [] }: Node): readonly string[] {
  const fields = Object.entries(properties ?? {});
  return [
    ...['', `## ${id}`, '', `${description}.`],
    ...(fields.length === 0
      ? []
      : [
          '',
          ...markdownTable(
            ['field', 'type', ''],
            fields.map(([name, node]) => [`\`${name}\``, typeText(node), required.includes(name) ? '' : 'optional']),
          ),
        ]),
  ];
}

function typeText(node: Node): string {
  if (node.$ref !== undefined) {
    const id = node.$ref.replace('#/$defs/', '');
    return `[${id}](#${id})`;
  }
  if (node.anyOf !== undefined) return node.anyOf.map(typeText).join(' or ');
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (node.items !== undefined) return `list of ${typeText(node.items)}`;
  if (node.properties !== undefined) {
    const { properties, required = [] } = node;
    const fields = Object.entries(properties).map(
      ([name, one]) => `${name}${required.includes(name) ? '' : '?'}: ${typeText(one)}`,
    );
    return `{ ${fields.join('; ')} }`;
  }
  if (node.type === 'object')
    return node.additionalProperties ? `name to ${typeText(node.additionalProperties)}` : 'object';
  if (node.type === 'string') return node.pattern === undefined ? 'text' : 'digits';
  return { number: 'number', boolean: 'true or false', null: 'null' }[node.type ?? ''] ?? 'any value';
}
