import { normalSubject } from './context.js';
import { LEVELS } from './levels.js';
import { nameIn } from './registry.js';
import { invalidCompatibility, RegistryError } from './registry-error.js';
import { flag, objectOf, type Request, type Route } from './route.js';
import { CONFIG_OBJECTS, type SubjectConfig } from './schemas-topic.js';

/** Null: for all subjects of the default context. An alias is not followed: it is one of the settings. */
function placeOfSetting({ parameters }: Request): string | null {
  const subject = normalSubject(parameters.subject ?? '');
  return subject === '' ? null : subject;
}

const NOT_HONOURED = ['validateFields', 'validateNames'];

function givenConfig(body: unknown, place: string | null): SubjectConfig {
  const { compatibility, alias, normalize, compatibilityGroup, ...more } = objectOf(body);
  const refused = NOT_HONOURED.find((name) => (more[name] ?? false) !== false);
  if (refused !== undefined)
    throw new RegistryError(42201, `${refused} is not supported by this registry. Leave it out or set it to false`);
  const level = given(compatibility) ? nameIn(LEVELS, String(compatibility).toUpperCase()) : undefined;
  const objects = CONFIG_OBJECTS.filter((name) => given(more[name])).map((name) => [name, objectOf(more[name])]);
  const config: SubjectConfig = {
    ...(given(alias) && { alias: textOf('alias', alias) }),
    ...(given(normalize) && { normalize: normalize === true }),
    ...(level !== undefined && { compatibilityLevel: level }),
    ...(given(compatibilityGroup) && { compatibilityGroup: textOf('compatibilityGroup', compatibilityGroup) }),
    ...Object.fromEntries(objects),
  };
  if ((level === undefined && given(compatibility)) || Object.keys(config).length === 0) throw invalidCompatibility();
  if (config.alias !== undefined && place === null)
    throw new RegistryError(42201, 'an alias stands for one subject; PUT /config/:subject sets it');
  return config;
}

const given = (value: unknown): boolean => value !== undefined && value !== null;

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new RegistryError(400, `${name} must be text`);
}

/** In a request the level is called compatibility. */
const asGiven = ({ compatibilityLevel, ...more }: SubjectConfig) => ({
  ...(compatibilityLevel === undefined ? {} : { compatibility: compatibilityLevel }),
  ...more,
});

const getConfig: Route['handle'] = (request, { registry }) =>
  registry.settings.config(placeOfSetting(request), flag(request.query, 'defaultToGlobal'));

const putConfig: Route['handle'] = async (request, { registry }) => {
  const place = placeOfSetting(request);
  return asGiven(await registry.setConfig(place, givenConfig(request.body, place)));
};

const deleteConfig: Route['handle'] = (request, { registry }) => registry.deleteConfig(placeOfSetting(request));

const getMode: Route['handle'] = (request, { registry }) => ({
  mode: registry.settings.mode(placeOfSetting(request), flag(request.query, 'defaultToGlobal')),
});

const putMode: Route['handle'] = async (request, { registry }) => ({
  mode: await registry.setMode(placeOfSetting(request), objectOf(request.body).mode, flag(request.query, 'force')),
});

/** The level and what goes with it, for subjects, contexts (`:.context:`) and all. */
export const SETTINGS: readonly Route[] = [
  { method: 'GET', path: '/config', meaning: 'The compatibility level for all subjects.', handle: getConfig },
  {
    method: 'PUT',
    path: '/config',
    meaning:
      'Sets it, and normalize, compatibilityGroup, defaultMetadata, overrideMetadata, defaultRuleSet and overrideRuleSet. What is left out stays as it was.',
    handle: putConfig,
  },
  { method: 'DELETE', path: '/config', meaning: 'Sets it back to the default.', handle: deleteConfig },
  {
    method: 'GET',
    path: '/config/:subject',
    meaning: 'A subject’s own level, or that of a context, `:.context:`. Query: defaultToGlobal.',
    handle: getConfig,
  },
  {
    method: 'PUT',
    path: '/config/:subject',
    meaning: 'Sets it, and what goes with it; `alias` names the subject that requests for this one are answered for.',
    handle: putConfig,
  },
  {
    method: 'DELETE',
    path: '/config/:subject',
    meaning: 'Removes it: the level of the context, or for all subjects, applies again.',
    handle: deleteConfig,
  },
  { method: 'GET', path: '/mode', meaning: 'The mode for all subjects.', handle: getMode },
  { method: 'PUT', path: '/mode', meaning: 'Sets it. Query: force.', handle: putMode },
  {
    method: 'GET',
    path: '/mode/:subject',
    meaning: 'A subject’s own mode, or that of a context. Query: defaultToGlobal.',
    handle: getMode,
  },
  { method: 'PUT', path: '/mode/:subject', meaning: 'Sets it. Query: force.', handle: putMode },
  {
    method: 'DELETE',
    path: '/mode/:subject',
    meaning: 'Removes it.',
    handle: async (request, { registry }) => ({ mode: await registry.deleteMode(placeOfSetting(request) ?? '') }),
  },
];
