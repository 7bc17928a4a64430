import { readFileSync } from 'node:fs';
import { displayPath } from '../../pipeline/build.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { locate, parseTree, type Tree } from '../../pipeline/document.js';
import type { LintContext } from '../../pipeline/kind.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import { parseAvroSchema } from '../../protocol/avro/parse-schema.js';
import { AvroSchemaError } from '../../protocol/avro/schema.js';
import type { SourceLocation } from '../../support/errors.js';
import { codeOf } from '../../support/errors.js';
import { fieldsOf } from '../../support/plain-object.js';
import { knownTopics } from '../topic/known-topics.js';
import type { SubjectSection } from './section.js';

/** Subjects named after topics, schema files that can be read and parsed. */
export function checkSchemas(context: LintContext): readonly Problem[] {
  const topics = knownTopics(context);
  const subjects = context.names('schemas', 'subjects');
  return context.pipeline.subjects.flatMap((subject) => [
    ...subjectName(subject, topics),
    ...references(subject, subjects),
    ...schemaFile(subject, context.cwd),
  ]);
}

function subjectName({ name, location }: SubjectSection, topics: readonly string[]): readonly Problem[] {
  if (/[\s/\\%?#]/.test(name)) {
    return [warning('special-characters', location, `subject ${name} has characters that many tools can't handle`)];
  }
  const [, topic] = /^(.*)-(?:value|key)$/.exec(name) ?? [];
  if (topics.includes(name)) {
    const message = `subject ${name} has the name of a topic, where no client looks for it, did you mean ${name}-value?`;
    return [problem('subject-name', location, message)];
  }
  if (topic === undefined) {
    const message = `subject ${name} ends neither in -value nor in -key: only clients that name subjects after records find it`;
    return [warning('subject-name', location, message)];
  }
  if (topics.includes(topic)) return [];
  return [
    warning(
      'subject-without-topic',
      location,
      `subject ${name}: there is no topic ${topic}${didYouMean(topic, topics)}`,
    ),
  ];
}

function references({ references: used, locationOf }: SubjectSection, subjects: readonly string[]): readonly Problem[] {
  return used.flatMap(({ subject }, index) =>
    subjects.includes(subject)
      ? []
      : [
          warning(
            'dangling-reference',
            locationOf('references', String(index), 'subject'),
            `subject ${subject} is not declared here: it must already be in the registry${didYouMean(subject, subjects)}`,
          ),
        ],
  );
}

function schemaFile(subject: SubjectSection, cwd: string): readonly Problem[] {
  const shown = displayPath(subject.file, cwd);
  let text: string;
  try {
    text = readFileSync(subject.file, 'utf8');
  } catch (failure) {
    const why = codeOf(failure) === 'ENOENT' ? `there is no file ${shown}` : `${shown} can't be read`;
    return [problem('file-missing', subject.locationOf('file'), `subject ${subject.name}: ${why}`)];
  }
  if (subject.type === 'PROTOBUF') return [];
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (failure) {
    const message = failure instanceof Error ? failure.message : String(failure);
    return [problem('schema-invalid', placeIn(text, message, shown), `${shown} is not valid JSON: ${message}`)];
  }
  if (subject.type !== 'AVRO') return [];
  const invalid = avroFault(subject, text);
  if (invalid === undefined && !hasMisplacedLogicalType(schema)) return [];
  // Places cost ten times as much as the schema: only what is wrong is read with them.
  const { tree } = parseTree(text, shown);
  const start: SourceLocation = { file: shown, line: 1, column: 1 };
  const path = invalid?.path.split('/').filter((part) => part !== '') ?? [];
  const at = tree === undefined ? start : locate(tree, path);
  return [
    ...(invalid === undefined
      ? []
      : [problem('schema-invalid', at, `${shown} is not a valid Avro schema: ${invalid.message}`)]),
    ...(tree === undefined ? [] : misplacedLogicalTypes(tree)),
  ];
}

/** The engine names the place of a fault in its message, as line and column or as position, or not at all. */
function placeIn(text: string, message: string, file: string): SourceLocation {
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
  if (line !== undefined) return { file, line: Number(line), column: Number(column) };
  const [, position] = /position (\d+)/.exec(message) ?? [];
  const before = text.slice(0, position === undefined ? text.length : Number(position)).split('\n');
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function avroFault({ references: used }: SubjectSection, text: string): AvroSchemaError | undefined {
  // Names that come from other subjects are known to the registry alone.
  if (used.length > 0) return undefined;
  try {
    parseAvroSchema(text);
    return undefined;
  } catch (failure) {
    if (failure instanceof AvroSchemaError) return failure;
    throw failure;
  }
}

function hasMisplacedLogicalType(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  const { fields } = fieldsOf(schema);
  if (
    Array.isArray(fields) &&
    fields.some((field) => field !== null && typeof field === 'object' && 'logicalType' in field)
  )
    return true;
  return Object.values(schema).some(hasMisplacedLogicalType);
}

/** `{"name": "day", "type": "int", "logicalType": "date"}`: Avro ignores it there, without a word. */
function misplacedLogicalTypes(tree: Tree): readonly Problem[] {
  if (tree.kind === 'scalar') return [];
  if (tree.kind === 'list') return tree.items.flatMap(misplacedLogicalTypes);
  const fields = tree.entries.get('fields')?.value;
  const here = (fields?.kind === 'list' ? fields.items : []).flatMap((field) => {
    const entry = field.kind === 'mapping' ? field.entries.get('logicalType') : undefined;
    if (entry === undefined || field.kind !== 'mapping') return [];
    const name = field.entries.get('name')?.value;
    const type = entry.value.kind === 'scalar' ? String(entry.value.value) : '…';
    const message = `logicalType of field ${name?.kind === 'scalar' ? String(name.value) : '?'} is next to its type, where Avro ignores it`;
    return [
      warning(
        'logical-type',
        entry.location,
        message,
        `Put it into the type: "type": {"type": …, "logicalType": "${type}"}.`,
      ),
    ];
  });
  return [...here, ...[...tree.entries.values()].flatMap(({ value }) => misplacedLogicalTypes(value))];
}
