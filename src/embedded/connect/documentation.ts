import { ABSENT_TRANSFORMS } from '../../protocol/connect/classes.js';
import {
  CONNECTOR_OPTIONS,
  OPEN_OPTIONS,
  SINK_OPTIONS,
  SOURCE_OPTIONS,
} from '../../protocol/connect/connector-options.js';
import type { OptionDefinition } from '../../protocol/connect/option.js';
import { markdownTable } from '../../support/markdown.js';
import { CONVERTERS } from './converters/table.js';
import { PREDICATES } from './predicates/table.js';
import { ROUTES } from './rest/http.js';
import { KAFKA_VERSION } from './rest/version.js';
import { TRANSFORMS } from './transforms/table.js';
import { CONNECTORS } from './worker/connectors.js';
import { WORKER_OPTIONS } from './worker/worker-options.js';

interface Plugin {
  readonly className: string;
  readonly meaning: string;
  readonly options: readonly OptionDefinition[];
}

const STATES = { limited: 'some values', unused: 'no effect' } as const;

const fallbackOf = (option: OptionDefinition): string => {
  if (option.default === undefined) return 'required';
  return option.default === null || option.default === '' ? '' : `\`${option.default}\``;
};

/** The values that are allowed, unless its doc names them already. */
function meaningOf({ doc, oneOf = [] }: OptionDefinition): string {
  if (oneOf.every((value) => doc.toLowerCase().includes(value))) return doc;
  return `${doc.replace(/\.$/, '')}: ${oneOf.map((value) => `\`${value}\``).join(', ')}.`;
}

const optionTable = (options: readonly OptionDefinition[]): string[] =>
  markdownTable(
    ['option', 'type', 'default', 'state', 'meaning'],
    options.map((option) => [
      `\`${option.name}\``,
      option.type.toLowerCase(),
      fallbackOf(option),
      option.state === undefined ? '' : STATES[option.state],
      meaningOf(option),
    ]),
  );

const pluginSection = ({ className, meaning, options }: Plugin): string[] => [
  '',
  `### ${simpleName(className)}`,
  '',
  `\`${className}\`: ${meaning}`,
  ...(options.length === 0 ? [] : ['', ...optionTable(options)]),
];

const simpleName = (className: string): string => className.split('.').at(-1) ?? className;

/** Kafka's transforms are two classes each, on the key and on the value, with the same options. */
function transforms(): Plugin[] {
  return TRANSFORMS.filter(({ className }) => !className.endsWith('$Key')).map((plugin) =>
    plugin.className.endsWith('$Value')
      ? {
          ...plugin,
          className: plugin.className.replace('$Value', ''),
          meaning: `${plugin.meaning} As \`$Key\` or \`$Value\`.`,
        }
      : plugin,
  );
}

/** docs/connect.md: from the tables that the worker checks and runs configurations by. */
export function connectDocumentation(): string {
  return [
    '# The embedded Kafka Connect',
    '',
    `A worker with the REST API of Connect ${KAFKA_VERSION}; its state is in Kafka, in the topics and the form of the real worker. This page is generated`,
    'from the tables that the worker itself uses.',
    '',
    'Workers with the same `group.id` and the same three topics share connectors and tasks evenly. Any of them takes any request. What moves from one to',
    'another is stopped there first; what does not move goes on. A worker that stops hands over at once; one that is killed, or hangs, for',
    '`session.timeout.ms` has its share taken over, and stops it before it writes again. `evpipe up` starts one worker.',
    '',
    'In the tables of options, a state of `some values` says that other values are refused when a connector is made, `no effect` that any value is',
    'accepted and changes nothing; all others are honoured. An option that no table has is accepted with a warning.',
    '',
    '## Connectors',
    ...CONNECTORS.flatMap(pluginSection),
    '',
    '### Options of every connector',
    '',
    ...optionTable(CONNECTOR_OPTIONS),
    '',
    '### Options of every source',
    '',
    ...optionTable(SOURCE_OPTIONS),
    '',
    '### Options of every sink',
    '',
    ...optionTable(SINK_OPTIONS),
    '',
    '### Options that hold other names',
    '',
    ...markdownTable(
      ['beginning', 'meaning'],
      Object.entries(OPEN_OPTIONS).map(([prefix, meaning]) => [`\`${prefix}\``, meaning]),
    ),
    '',
    '## Converters',
    ...CONVERTERS.flatMap(pluginSection),
    '',
    '## Transforms',
    ...transforms().flatMap(pluginSection),
    '',
    '### Refused',
    '',
    'Debezium’s classes that are left out, and what to do instead. Any other class is refused as not found: the worker runs no Java.',
    '',
    ...markdownTable(
      ['class', 'why'],
      [...ABSENT_TRANSFORMS].map(([className, why]) => [`\`${className}\``, `${why}.`]),
    ),
    '',
    '## Predicates',
    ...PREDICATES.flatMap(pluginSection),
    '',
    '## Worker options',
    '',
    'The defaults of the worker that `evpipe up` starts. On a Kafka that evpipe does not run, its group and topics carry the pipeline’s name.',
    'Each can be set in `connect.env` by the variable that Debezium’s image has for it, as `CONNECT_EXACTLY_ONCE_SOURCE_SUPPORT: enabled`.',
    '',
    ...optionTable(WORKER_OPTIONS),
    '',
    'In values of a configuration `${env:NAME}` is a variable of `connect.env` in the pipeline file, `${file:PATH:KEY}` a line of a properties file and',
    '`${directory:FOLDER:FILE}` a whole file, both below a folder of `connect.allowedPaths`. Not supported: plugin.path.',
    '',
    '## REST API',
    '',
    ...ROUTES.map(({ method, path }) => `- \`${method} ${path}\``),
    '',
  ].join('\n');
}
