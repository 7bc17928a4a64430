import { didYouMean } from '../../../pipeline/did-you-mean.js';
import { holdsVariable } from '../../../pipeline/document.js';
import type { LintContext } from '../../../pipeline/kind.js';
import { type Problem, problem, warning } from '../../../pipeline/problem.js';
import { referencesIn } from '../../../pipeline/references.js';
import { findClass, PREDICATE_CLASSES, TRANSFORM_CLASSES } from '../../../protocol/connect/classes.js';
import {
  CONNECTOR_OPTIONS,
  OPEN_OPTIONS,
  SINK_OPTIONS,
  SOURCE_OPTIONS,
  unknownOptions,
} from '../../../protocol/connect/connector-options.js';
import { CONNECTOR_CLASSES, type ConnectorClass } from '../../../protocol/connect/connectors.js';
import { type OptionDefinition, problemsOf } from '../../../protocol/connect/option.js';
import { BoundedRegex } from '../../../support/bounded-regex.js';
import { messageOf } from '../../../support/errors.js';
import { listOf } from '../connector-flow.js';
import { type ConnectorView, connectorViews } from './connector-views.js';

/** Options and values that Connect would refuse, or silently not read, as far as its tables say without a worker. */
export function checkConnectorOptions(context: LintContext): readonly Problem[] {
  const { target } = context.pipeline;
  const embedded = (target.connect ?? target.base) === 'embedded';
  return connectorViews(context).flatMap((view) => {
    const known = CONNECTOR_CLASSES.find(({ className, aliases }) =>
      [className, ...aliases].includes(view.config['connector.class'] ?? ''),
    );
    return [
      ...(known === undefined ? [] : options(view, known, embedded)),
      ...classes(view, embedded),
      ...patterns(view),
    ];
  });
}

function options(view: ConnectorView, known: ConnectorClass, embedded: boolean): readonly Problem[] {
  const { config } = known.modernise(view.config);
  const definitions = [
    ...CONNECTOR_OPTIONS,
    ...(known.kind === 'sink' ? SINK_OPTIONS : SOURCE_OPTIONS),
    ...known.options,
  ];
  return [
    ...definitions.flatMap((definition) => wrongValue(view, definition, config, embedded)),
    ...unknownOptions(config, definitions).flatMap((option) => unknownOption(view, option, definitions)),
  ];
}

/** Of a worker elsewhere only what is wrong on any: what the embedded one lacks, and what it words, is its own. */
function wrongValue(
  { name, config: written, locationOf }: ConnectorView,
  definition: OptionDefinition,
  config: Readonly<Record<string, string>>,
  embedded: boolean,
): readonly Problem[] {
  const { name: option, state } = definition;
  const value = config[option];
  if (value === undefined || written[option] === undefined || isOpen(value)) return [];
  if ((!embedded && state === 'limited') || option === 'slot.name') return []; // a rule of its own judges slots
  return problemsOf(definition, config).map((message) =>
    problem('connector-option', locationOf(option), `connector ${name}: ${message}`),
  );
}

/** Its value is known only where it runs. */
const isOpen = (value: string): boolean =>
  value.includes('${') || holdsVariable(value) || referencesIn(value).length > 0;

/** Connect does not read what it does not know, and says so in its log at most. */
function unknownOption(
  { name, locationOf }: ConnectorView,
  option: string,
  definitions: readonly OptionDefinition[],
): readonly Problem[] {
  const hint = didYouMean(option, [...definitions.map((one) => one.name), ...Object.keys(OPEN_OPTIONS)]);
  const message = `connector ${name}: Connect knows no option ${option}, and would not read it${hint}`;
  // Another version may know it; a slip of the pen none does.
  return [(hint === '' ? warning : problem)('connector-option', locationOf(option), message)];
}

/** Regular expressions of transforms and predicates, by the class that reads them. */
const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  RegexRouter: ['regex'],
  ByLogicalTableRouter: ['topic.regex', 'key.field.regex'],
  TopicNameMatches: ['pattern'],
};

function patterns({ name, config, locationOf }: ConnectorView): readonly Problem[] {
  return ['transforms', 'predicates'].flatMap((list) =>
    listOf(config[list]).flatMap((alias) => {
      const options = PATTERNS[config[`${list}.${alias}.type`]?.split('.').at(-1) ?? ''] ?? [];
      return options.flatMap((last) => {
        const option = `${list}.${alias}.${last}`;
        const value = config[option];
        const fault = value === undefined || isOpen(value) ? undefined : regexFault(value);
        if (fault === undefined) return [];
        const message = `connector ${name}: ${option} is not a valid regular expression: ${fault}`;
        return [problem('connector-option', locationOf(option), message)];
      });
    }),
  );
}

/** What JavaScript reads otherwise than Java is left to the worker. */
const OF_JAVA = /\(\?|\\[QEpPAzZhR]|[*+?}]\+|&&/;

function regexFault(pattern: string): string | undefined {
  if (OF_JAVA.test(pattern)) return undefined;
  try {
    new BoundedRegex(pattern);
    return undefined;
  } catch (failure) {
    return messageOf(failure).replace(/^Invalid regular expression: /, '');
  }
}

function classes(view: ConnectorView, embedded: boolean): readonly Problem[] {
  const { name, config, locationOf } = view;
  const tables = [
    ['transforms', 'transform', TRANSFORM_CLASSES],
    ['predicates', 'predicate', PREDICATE_CLASSES],
  ] as const;
  return tables.flatMap(([option, noun, known]) =>
    listOf(config[option]).flatMap((alias) => {
      const at = `${option}.${alias}.type`;
      const written = config[at];
      if (written === undefined || isOpen(written) || findClass(known, written) !== undefined) return [];
      const hint = didYouMean(written, known);
      if (!embedded && hint === '') return [];
      const who = embedded ? 'the embedded Connect' : 'Connect';
      const message = `connector ${name}: ${who} has no ${noun} ${written}${hint}`;
      return [(embedded ? problem : warning)('connector-class-unknown', locationOf(at), message)];
    }),
  );
}
