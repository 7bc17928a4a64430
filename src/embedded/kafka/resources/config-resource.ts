import type { ErrorName } from '../../../protocol/kafka/errors.js';
import { type ConfigDefinition, elements, invalid } from '../../../protocol/kafka/topic-configs.js';
import type { Broker } from '../broker.js';
import type { DescribedConfig } from './described-config.js';

/** One kind of thing that can be configured through the protocol. Each of its functions throws ConfigRefused. */
export interface ConfigResource {
  /** The protocol's number of it. */
  readonly type: number;
  /** Those that ListConfigResources names. */
  names(broker: Broker): string[];
  describe(broker: Broker, name: string): DescribedConfig[];
  configurable(broker: Broker, name: string): Configurable;
}

export class ConfigRefused extends Error {
  constructor(
    readonly error: ErrorName,
    message: string,
  ) {
    super(message);
  }
}

/** One resource's own settings, as both alter requests change them. */
export interface Configurable {
  readonly current: ReadonlyMap<string, string>;
  readonly definition: (name: string) => ConfigDefinition;
  readonly defaultOf: (name: string) => string;
  /** What isn't set can be deleted, also where it couldn't be set. */
  readonly forgiving: boolean;
  /** What a value that is not of its setting's type or bounds is answered with; default INVALID_CONFIG. */
  readonly invalidError?: ErrorName;
  /** Called with the settings as they would be, before they are applied. */
  check?(config: ReadonlyMap<string, string>, changes: readonly ConfigChange[]): void;
  apply(config: ReadonlyMap<string, string>): void;
}

/** Applies what `keep` then has to write down; where that fails, it is as before. */
export function replaced(settings: Map<string, string>, next: Iterable<readonly [string, string]>, keep: () => void) {
  const before = [...settings];
  replaceAll(settings, next);
  try {
    keep();
  } catch (failure) {
    replaceAll(settings, before);
    throw failure;
  }
}

function replaceAll(map: Map<string, string>, entries: Iterable<readonly [string, string]>): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

/** Operations of IncrementalAlterConfigs. */
export const CONFIG_OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export interface ConfigChange {
  readonly name: string;
  readonly operation: number;
  readonly value: string | null;
}

/** The settings with the changes made; throws ConfigRefused and changes nothing where one is not valid. */
export function changed(target: Configurable, changes: readonly ConfigChange[]): Map<string, string> {
  const config = new Map(target.current);
  if (new Set(changes.map(({ name }) => name)).size < changes.length) {
    throw new ConfigRefused('INVALID_REQUEST', 'Error due to duplicate config keys');
  }
  for (const { name, operation, value } of changes) {
    const deletes = operation === CONFIG_OPERATIONS.delete;
    if (deletes && !config.has(name) && target.forgiving) continue;
    const definition = target.definition(name);
    if (deletes) {
      config.delete(name);
      continue;
    }
    if (value === null) throw new ConfigRefused('INVALID_REQUEST', `Null value not supported for : ${name}`);
    const next =
      operation === CONFIG_OPERATIONS.set ? value : listChanged(target, definition, operation, config.get(name), value);
    const why = invalid(definition, next);
    if (why !== undefined) throw new ConfigRefused(target.invalidError ?? 'INVALID_CONFIG', why);
    config.set(name, next);
  }
  target.check?.(config, changes);
  return config;
}

function listChanged(
  target: Configurable,
  definition: ConfigDefinition,
  operation: number,
  current: string | undefined,
  value: string,
): string {
  const { append, subtract } = CONFIG_OPERATIONS;
  if (operation !== append && operation !== subtract) {
    throw new ConfigRefused('INVALID_REQUEST', `Unknown config operation ${operation}`);
  }
  if (definition.type !== 'list') {
    throw new ConfigRefused(
      'INVALID_CONFIG',
      `Can't ${operation === append ? 'APPEND' : 'SUBTRACT'} to key ${definition.name} because its type is not LIST.`,
    );
  }
  const before = elements(current ?? target.defaultOf(definition.name));
  const named = elements(value);
  const after =
    operation === append
      ? [...before, ...named.filter((element) => !before.includes(element))]
      : before.filter((element) => !named.includes(element));
  return after.join(',');
}
