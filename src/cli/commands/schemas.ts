import { Argument } from 'commander';
import type { SubjectReport } from '../../operations/topics/schemas.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const schemasCommand: CommandEntry = {
  name: 'schemas',
  summary: 'list subjects of the Schema Registry, or describe them: versions, references, the schemas themselves',
  examples: [
    'schemas',
    'schemas describe orders-value',
    'schemas describe orders-value -o json | jq .versions[-1].schema',
  ],
  declare: (command) =>
    command
      .addArgument(new Argument('[action]', 'what to do').choices(['list', 'describe']).default('list'))
      .argument('[subjects...]', 'subjects; all where none is named'),
  run: async ({ shell, options, operands: [action], rest: names }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { describeSubjects } = await import('../../operations/topics/schemas.js');
      const reports = await describeSubjects(session, names);
      if (options.output === 'json') for (const report of reports) shell.out(jsonLine(report));
      else if (action === 'describe') for (const report of reports) shell.out(subjectText(report));
      else if (reports.length === 0) shell.err('There is no subject.\n');
      else {
        const { listTable } = await import('../data-table.js');
        const rows = reports.map(({ subject, versions, compatibility, declared }) => [
          ...[subject, versions.at(-1)?.type ?? '-', versions.length, versions.at(-1)?.id ?? '-'],
          ...[compatibility ?? 'of all', declared ? 'yes' : 'no'],
        ]);
        shell.out(
          listTable(['subject', 'type', 'versions', 'newest id', 'compatibility', 'declared'], rows, shell.columns),
        );
      }
      return EXIT.done;
    });
  },
};

/** Each version with its schema as it can be read, the newest last: that is what stays on the screen. */
function subjectText({ subject, compatibility, versions }: SubjectReport): string {
  const texts = versions.map(({ version, id, type, references, schema }) => {
    const used = references.map((one) => `  uses ${one.name}: ${one.subject} version ${one.version}\n`).join('');
    return `  version ${version}, id ${id}, ${type}\n${used}${pretty(schema).replaceAll(/^/gm, '    ')}\n`;
  });
  return `${subject}  ${compatibility ?? 'compatibility of all subjects'}\n${texts.join('')}\n`;
}

/** Avro's and JSON's are JSON; Protobuf's stay as they are, and so does what some client wrote wrongly. */
function pretty(schema: string): string {
  try {
    return JSON.stringify(JSON.parse(schema), null, 2);
  } catch {
    return schema.trimEnd();
  }
}
