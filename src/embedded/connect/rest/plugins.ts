import type { OptionDefinition } from '../../../protocol/connect/option.js';
import { messageOf } from '../../../support/errors.js';
import { maskSecrets } from '../config/secrets.js';
import { CONVERTERS } from '../converters/table.js';
import { PREDICATES } from '../predicates/table.js';
import { TRANSFORMS } from '../transforms/table.js';
import { findPlugin } from '../worker/chain.js';
import { CONNECTORS } from '../worker/connectors.js';
import { printed } from '../worker/task-host.js';
import { connectorPlugin, type OptionResult, type Validation } from '../worker/validate.js';
import { configOf } from './connectors.js';
import { RestFailure } from './failure.js';
import { ok, type Route } from './route.js';
import { KAFKA_VERSION } from './version.js';

const definitionJson = (definition: OptionDefinition, order: number) => ({
  name: definition.name,
  type: definition.type,
  required: definition.default === undefined,
  default_value: definition.default ?? null,
  importance: definition.importance ?? 'MEDIUM',
  documentation: definition.doc,
  group: null,
  order,
  width: 'NONE',
  display_name: definition.name,
  dependents: [],
});

const resultJson = ({ definition, value, errors }: OptionResult, order: number) => ({
  definition: definitionJson(definition, order),
  value: {
    name: definition.name,
    value: value === null ? null : (maskSecrets({ [definition.name]: value })[definition.name] ?? null),
    recommended_values: definition.oneOf ?? [],
    errors,
    visible: true,
  },
});

const all: Route = {
  method: 'GET',
  path: '/connector-plugins',
  handle({ query }) {
    const connectors = CONNECTORS.map((plugin) => ({
      class: plugin.className,
      type: plugin.kind,
      version: plugin.version,
    }));
    if (query.get('connectorsOnly') !== 'false') return ok(connectors);
    const versioned = (type: string) => (plugin: { readonly className: string }) => ({
      class: plugin.className,
      type,
      version: plugin.className.startsWith('io.debezium') ? (CONNECTORS[0]?.version ?? KAFKA_VERSION) : KAFKA_VERSION,
    });
    return ok([
      ...connectors,
      ...CONVERTERS.map(versioned('converter')),
      ...TRANSFORMS.map(versioned('transformation')),
      ...PREDICATES.map(versioned('predicate')),
    ]);
  },
};

const config: Route = {
  method: 'GET',
  path: '/connector-plugins/:plugin/config',
  handle({ parameters }) {
    const wanted = parameters.plugin ?? '';
    const plugin = findPlugin([...CONNECTORS, ...CONVERTERS, ...TRANSFORMS, ...PREDICATES], wanted);
    if (plugin === undefined) throw new RestFailure(404, `Unknown plugin ${wanted}.`);
    return ok(plugin.options.map(definitionJson));
  },
};

const namesOf = (plugin: (typeof CONNECTORS)[number] | undefined): readonly string[] =>
  plugin === undefined ? [] : [plugin.className, ...plugin.aliases];

const check: Route = {
  method: 'PUT',
  path: '/connector-plugins/:plugin/config/validate',
  async handle({ parameters, body }, { herder }) {
    const wanted = parameters.plugin ?? '';
    const sent = configOf(body);
    const given = herder.unmasked(sent.name, sent);
    const className = given['connector.class'];
    if (className === undefined)
      throw new RestFailure(500, `Connector config ${printed(maskSecrets(given))} contains no connector type`);
    const names = [className, ...namesOf(connectorPlugin(className))];
    if (!names.some((name) => name === wanted || name.endsWith(`.${wanted}`)))
      throw new RestFailure(400, `Included connector type ${className} does not match request type ${wanted}`);
    let validation: Validation;
    try {
      validation = await herder.validation(className, given);
    } catch (failure) {
      throw new RestFailure(500, messageOf(failure));
    }
    return ok({
      name: validation.className,
      error_count: validation.results.reduce((sum, result) => sum + result.errors.length, 0),
      groups: validation.groups,
      configs: validation.results.map(resultJson),
    });
  },
};

export const PLUGIN_ROUTES: readonly Route[] = [all, config, check];
