import {
  CONNECTOR_OPTIONS,
  SINK_OPTIONS,
  SOURCE_OPTIONS,
  unknownOptions,
  withoutEffect,
} from '../../../protocol/connect/connector-options.js';
import {
  below,
  javaRegex,
  type OptionDefinition,
  problemsOf,
  type RawConfig,
  regexProblem,
  splitList,
} from '../../../protocol/connect/option.js';
import { messageOf } from '../../../support/errors.js';
import { type ConfigProviders, resolveProviders } from '../config/providers.js';
import { redact, secretsOf } from '../config/secrets.js';
import type { ConverterPlugin } from '../converters/converter.js';
import { CONVERTERS } from '../converters/table.js';
import { PREDICATES, type PredicatePlugin } from '../predicates/table.js';
import { TRANSFORMS } from '../transforms/table.js';
import type { TransformPlugin } from '../transforms/transform.js';
import { findPlugin, type namedPlugins, unknownClass } from './chain.js';
import { CONNECTORS } from './connectors.js';
import { HEADER_CONVERTERS, isSimple } from './headers.js';
import type { OptionProblem } from './plugin.js';
import { isExactlyOnce } from './worker-options.js';

export interface OptionResult {
  readonly definition: OptionDefinition;
  readonly value: string | null;
  readonly errors: readonly string[];
}

export interface Validation {
  readonly className: string;
  readonly groups: readonly string[];
  readonly results: readonly OptionResult[];
  readonly warnings: readonly string[];
}

export const connectorPlugin = (className: string): (typeof CONNECTORS)[number] | undefined =>
  CONNECTORS.find((one) => one.className === className || one.aliases.includes(className));

export const unknownConnector = (className: string | undefined): string =>
  `Failed to find any class that implements Connector and which name matches ${className}, available connectors are: ${CONNECTORS.map((one) => one.className).join(', ')}`;

/** Checks every option of a connector's configuration for this worker, and then, if `deeply`, asks the database whether it agrees. */
export async function validate(
  className: string,
  given: RawConfig,
  providers: ConfigProviders,
  { deeply = true, worker = {} }: { readonly deeply?: boolean; readonly worker?: RawConfig } = {},
): Promise<Validation> {
  const plugin = connectorPlugin(className);
  if (plugin === undefined) throw new Error(unknownConnector(className));
  const { config: resolved, secrets, problem } = resolve(given, providers);
  const { config, warnings } = plugin.modernise(resolved);
  const ofKind = plugin.kind === 'sink' ? SINK_OPTIONS : SOURCE_OPTIONS;
  const definitions = [...CONNECTOR_OPTIONS, ...ofKind, ...plugin.options];
  const unread = unknownOptions(config, definitions);
  const results = definitions.map((definition) => check(definition, config));
  const aliases = [
    ...chainResults('transforms', TRANSFORMS, config),
    ...chainResults('predicates', PREDICATES, config),
  ];
  const all = [...results, ...aliases, ...converterResults(config)];
  const ineffective = [...withoutEffect(config, definitions), ...unreadOfPlugins(config)];
  const errors = new Map<string, string[]>();
  if (problem !== undefined) errors.set('name', [problem]);
  const ofKinds = plugin.kind === 'sink' ? topicProblems(config) : transactionProblems(config, worker);
  for (const wrong of ofKinds) errors.set(wrong.option, [wrong.message]);
  if (deeply && errors.size === 0 && all.every((result) => result.errors.length === 0))
    for (const { option, message } of await plugin.validate(config))
      errors.set(option, [...(errors.get(option) ?? []), message]);
  return {
    className: plugin.className,
    groups: ['Common', 'Transforms', 'Predicates', 'Error Handling', plugin.className.split('.').at(-1) ?? ''],
    warnings: [
      ...warnings,
      ...unread.map((name) => `option ${name} is not known to ${plugin.className}: it has no effect`),
      ...ineffective,
    ],
    results: all.map(({ definition, value, errors: found }) => ({
      definition,
      value: value === resolved[definition.name] ? (given[definition.name] ?? value) : value,
      errors: [...found, ...(errors.get(definition.name) ?? [])].map((error) => redact(error, secrets)),
    })),
  };
}

/** A sink reads listed topics or those that match, and never its own dead letters. */
function topicProblems(config: RawConfig): OptionProblem[] {
  const listed = splitList(config.topics ?? '');
  const regex = (config['topics.regex'] ?? '').trim();
  const both = (message: string): OptionProblem[] => ['topics', 'topics.regex'].map((option) => ({ option, message }));
  if (listed.length === 0 && regex === '') return both('Must configure one of topics or topics.regex');
  if (listed.length > 0 && regex !== '')
    return both('topics and topics.regex are mutually exclusive options, but both are set.');
  const deadLetters = (config['errors.deadletterqueue.topic.name'] ?? '').trim();
  const readsThem = deadLetters !== '' && (listed.includes(deadLetters) || matches(regex, deadLetters));
  if (!readsThem) return [];
  const option = listed.length > 0 ? 'topics' : 'topics.regex';
  return [{ option, message: `The DLQ topic '${deadLetters}' may not be among the topics that are consumed` }];
}

/** What a source asks of transactions and does not get, in Connect's words. */
function transactionProblems(config: RawConfig, worker: RawConfig): OptionProblem[] {
  const is = (option: string, wanted: string): boolean => config[option]?.trim().toLowerCase() === wanted;
  const problems: OptionProblem[] = [];
  if (is('exactly.once.support', 'required') && !isExactlyOnce(worker))
    problems.push({
      option: 'exactly.once.support',
      message: 'This worker does not have exactly-once source support enabled.',
    });
  if (is('transaction.boundary', 'connector'))
    problems.push({
      option: 'transaction.boundary',
      message:
        'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition.',
    });
  return problems;
}

/** A pattern that can't be read has a problem of its own. */
function matches(pattern: string, name: string): boolean {
  if (pattern === '' || regexProblem(pattern) !== undefined) return false;
  return javaRegex(`^(?:${pattern})$`).test(name);
}

function resolve(
  given: RawConfig,
  providers: ConfigProviders,
): { readonly config: RawConfig; readonly secrets: readonly string[]; readonly problem?: string } {
  try {
    const { config, secrets } = resolveProviders(given, providers);
    return { config, secrets: [...secrets, ...secretsOf(config)] };
  } catch (failure) {
    return { config: given, secrets: secretsOf(given), problem: messageOf(failure) };
  }
}

function check(definition: OptionDefinition, config: RawConfig): OptionResult {
  return {
    definition,
    value: config[definition.name] ?? definition.default ?? null,
    errors: problemsOf(definition, config),
  };
}

function chainResults(
  kind: 'transforms' | 'predicates',
  plugins: Parameters<typeof namedPlugins>[1],
  config: RawConfig,
): OptionResult[] {
  const aliases = (config[kind] ?? '').split(',').map((alias) => alias.trim());
  return aliases
    .filter((alias) => alias !== '')
    .flatMap((alias): OptionResult[] => {
      const prefix = `${kind}.${alias}.`;
      const type = config[`${prefix}type`];
      const definition: OptionDefinition = {
        name: `${prefix}type`,
        type: 'CLASS',
        doc: `Class of ${alias}.`,
        importance: 'HIGH',
      };
      const plugin = type === undefined ? undefined : findPlugin(plugins, type.trim());
      if (plugin === undefined) {
        const why =
          type === undefined
            ? `Missing required configuration "${definition.name}" which has no default value.`
            : unknownClass(type, definition.name);
        return [{ definition, value: type ?? null, errors: [why] }];
      }
      const own = below(config, prefix);
      const results = plugin.options.map((option): OptionResult => {
        const result = check(option, own);
        return { ...result, definition: { ...option, name: `${prefix}${option.name}` } };
      });
      return [{ definition, value: type ?? null, errors: [] }, ...results, ...predicateResult(kind, prefix, config)];
    });
}

function predicateResult(kind: string, prefix: string, config: RawConfig): OptionResult[] {
  const wanted = config[`${prefix}predicate`];
  if (kind !== 'transforms' || wanted === undefined) return [];
  const known = (config.predicates ?? '').split(',').map((alias) => alias.trim());
  const definition: OptionDefinition = {
    name: `${prefix}predicate`,
    type: 'STRING',
    default: '',
    doc: 'The alias of a predicate used to determine whether to apply this transformation.',
  };
  const errors = known.includes(wanted.trim())
    ? []
    : [`Invalid value ${wanted} for configuration ${definition.name}: no predicate of this name is declared`];
  return [{ definition, value: wanted, errors }];
}

const CONVERTER_OPTIONS: ReadonlyArray<readonly [option: string, known: readonly ConverterPlugin[]]> = [
  ['key.converter', CONVERTERS],
  ['value.converter', CONVERTERS],
  ['header.converter', HEADER_CONVERTERS],
];

/** What the worker itself reads of the options of a transform, a predicate and a converter. */
const OF_THE_WORKER = ['type', 'predicate', 'negate', 'converter.type', 'plugin.version'];

interface OwnOptions {
  readonly prefix: string;
  readonly className: string;
  readonly options: readonly OptionDefinition[];
  readonly nested?: readonly string[];
}

/** Options of transforms, predicates and converters that none of them reads, or that have no effect. */
function unreadOfPlugins(config: RawConfig): string[] {
  const inChain = (['transforms', 'predicates'] as const).flatMap((kind) =>
    splitList(config[kind] ?? '').flatMap((alias): OwnOptions[] => {
      const prefix = `${kind}.${alias}.`;
      const plugin = findPlugin<PredicatePlugin | TransformPlugin>(
        kind === 'transforms' ? TRANSFORMS : PREDICATES,
        (config[`${prefix}type`] ?? '').trim(),
      );
      return plugin === undefined ? [] : [{ prefix, ...plugin }];
    }),
  );
  const converters = CONVERTER_OPTIONS.flatMap(([option, known]): OwnOptions[] => {
    const plugin = findPlugin(known, (config[option] ?? '').trim());
    return plugin === undefined ? [] : [{ prefix: `${option}.`, ...plugin }];
  });
  return [...inChain, ...converters].flatMap(({ prefix, className, options, nested = [] }) => {
    const own = below(config, prefix);
    const read = new Set([...options.map(({ name }) => name), ...OF_THE_WORKER]);
    const unread = Object.keys(own).filter(
      (name) => !read.has(name) && !nested.some((beginning) => name.startsWith(beginning)),
    );
    return [
      ...withoutEffect(own, options, prefix),
      ...unread.map((name) => `option ${prefix}${name} is not known to ${className}: it has no effect`),
    ];
  });
}

function converterResults(config: RawConfig): OptionResult[] {
  return CONVERTER_OPTIONS.flatMap(([option, known]): OptionResult[] => {
    const name = config[option];
    if (name === undefined || (option === 'header.converter' && isSimple(name))) return [];
    const plugin = findPlugin(known, name.trim());
    if (plugin === undefined) {
      const definition: OptionDefinition = { name: option, type: 'CLASS', default: null, doc: '' };
      return [
        {
          definition,
          value: name,
          errors: [unknownClass(name, option)],
        },
      ];
    }
    const own = below(config, `${option}.`);
    return plugin.options
      .map((one) => ({ ...check(one, own), definition: { ...one, name: `${option}.${one.name}` } }))
      .filter((result) => result.errors.length > 0);
  });
}
