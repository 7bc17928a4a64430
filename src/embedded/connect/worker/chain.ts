import { ABSENT_TRANSFORMS } from '../../../protocol/connect/classes.js';
import { below, type RawConfig, splitList } from '../../../protocol/connect/option.js';
import { Options } from '../config/options.js';
import type { Converter, ConverterPlugin } from '../converters/converter.js';
import { CONVERTERS } from '../converters/table.js';
import { CONFIG_EXCEPTION, ConnectFailure } from '../data/failure.js';
import { PREDICATES, type Predicate, type PredicatePlugin } from '../predicates/table.js';
import { TRANSFORMS } from '../transforms/table.js';
import type { Transform, TransformContext, TransformPlugin } from '../transforms/transform.js';

/** A class by its full name or, as Connect allows, by the end of it. */
export function findPlugin<Plugin extends { readonly className: string }>(
  plugins: readonly Plugin[],
  name: string,
): Plugin | undefined {
  return (
    plugins.find((plugin) => plugin.className === name) ??
    plugins.find((plugin) => plugin.className.endsWith(`.${name}`))
  );
}

/** In Connect's words, and why where evpipe leaves a class out on purpose. */
export function unknownClass(name: string, option: string): string {
  const why = ABSENT_TRANSFORMS.get(name.trim());
  const found = `Invalid value ${name} for configuration ${option}: Class ${name} could not be found.`;
  return why === undefined ? found : `${found} ${why}.`;
}

export function pluginOf<Plugin extends { readonly className: string }>(
  plugins: readonly Plugin[],
  name: string | undefined,
  option: string,
): Plugin {
  const plugin = name === undefined ? undefined : findPlugin(plugins, name.trim());
  if (plugin !== undefined) return plugin;
  throw new ConnectFailure(
    name === undefined
      ? `Missing required configuration "${option}" which has no default value.`
      : unknownClass(name, option),
    { className: CONFIG_EXCEPTION },
  );
}

export interface NamedPlugin<Plugin> {
  readonly alias: string;
  readonly plugin: Plugin;
  readonly config: RawConfig;
}

/** The entries of `transforms` or `predicates`, in order. */
export function namedPlugins<Plugin extends TransformPlugin | PredicatePlugin>(
  kind: 'transforms' | 'predicates',
  plugins: readonly Plugin[],
  config: RawConfig,
): NamedPlugin<Plugin>[] {
  return splitList(config[kind] ?? '').map((alias) => {
    const own = below(config, `${kind}.${alias}.`);
    return { alias, plugin: pluginOf(plugins, own.type, `${kind}.${alias}.type`), config: own };
  });
}

/** All transforms of a connector as one. */
export function transformChain(config: RawConfig, context: TransformContext): Transform {
  const predicates = new Map<string, Predicate>(
    namedPlugins('predicates', PREDICATES, config).map(({ alias, plugin, config: own }) => [
      alias,
      plugin.create(new Options(plugin.options, own)),
    ]),
  );
  const steps = namedPlugins('transforms', TRANSFORMS, config).map(({ alias, plugin, config: own }) => {
    const transform = plugin.create(new Options(plugin.options, own), context);
    const wanted = own.predicate?.trim();
    if (wanted === undefined) return transform;
    const predicate = predicates.get(wanted);
    if (predicate === undefined)
      throw new ConnectFailure(
        `Invalid value ${wanted} for configuration transforms.${alias}.predicate: no predicate has this name`,
        { className: CONFIG_EXCEPTION },
      );
    const negate = own.negate?.trim().toLowerCase() === 'true';
    const guarded: Transform = (record) => (predicate(record) === negate ? record : transform(record));
    return guarded;
  });
  return (record) => {
    let current: ReturnType<Transform> = record;
    for (const step of steps) {
      current = step(current);
      if (current === undefined) return undefined;
    }
    return current;
  };
}

/** The connector's own converter or, with the worker's options, the worker's. */
export function converterOf(side: 'key' | 'value', config: RawConfig, workerConfig: RawConfig): Converter {
  const option = `${side}.converter`;
  const source = config[option] === undefined ? workerConfig : config;
  const plugin: ConverterPlugin = pluginOf(CONVERTERS, source[option], option);
  return plugin.create(new Options(plugin.options, below(source, `${option}.`)), side === 'key');
}
