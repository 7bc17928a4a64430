import type { RawConfig } from '../../../protocol/connect/option.js';
import { fieldsOf } from '../../../support/plain-object.js';
import type { TargetState } from '../worker/stored-records.js';
import { RestFailure } from './failure.js';
import { atLeader, atOwner } from './forward.js';
import { ACCEPTED, NO_CONTENT, ok, type RestContext, type RestRequest, type Route } from './route.js';

const nameOf = (request: RestRequest): string => request.parameters.name ?? '';

/** A configuration has text values; numbers and booleans are taken as their text, as the real worker does. */
export function configOf(json: unknown, nulls = false): Record<string, string> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new RestFailure(400, 'The connector configuration has to be a JSON object');
  return Object.fromEntries(
    Object.entries(json).flatMap(([name, value]) => {
      if (value === null || value === undefined) return nulls ? [[name, value]] : [];
      if (typeof value === 'object') throw new RestFailure(400, `The value of ${name} has to be text`);
      return [[name, String(value)]];
    }),
  );
}

const list: Route = {
  method: 'GET',
  path: '/connectors',
  handle({ query }, { herder }) {
    const expand = query.getAll('expand').flatMap((item) => item.split(','));
    if (expand.length === 0) return ok(herder.names());
    const of = (name: string) => ({
      ...(expand.includes('status') ? { status: herder.status(name) } : {}),
      ...(expand.includes('info') ? { info: herder.info(name) } : {}),
    });
    return ok(Object.fromEntries(herder.names().map((name) => [name, of(name)])));
  },
};

const CREATE_FIELDS = ['name', 'config', 'initial_state'];

const create: Route = atLeader({
  method: 'POST',
  path: '/connectors',
  async handle({ body }, { herder }) {
    const request = fieldsOf(body);
    const unknown = Object.keys(request).find((field) => !CREATE_FIELDS.includes(field));
    if (unknown !== undefined)
      throw new RestFailure(400, `Unrecognized field "${unknown}", known are ${CREATE_FIELDS.join(', ')}`);
    const config = configOf(request.config ?? {});
    const name = typeof request.name === 'string' ? request.name : config.name;
    if (name === undefined || name.trim() === '')
      throw new RestFailure(400, 'Connector name must be given, as "name" of the request or of its config');
    if (config.name !== undefined && config.name !== name)
      throw new RestFailure(
        400,
        `Connector name configuration (${config.name}) doesn't match connector name in the URL (${name})`,
      );
    const state = stateOf(request.initial_state);
    await herder.put(name.trim(), config, { mustBeNew: true, ...(state === undefined ? {} : { state }) });
    return {
      status: 201,
      body: { ...herder.info(name.trim()), tasks: [] },
      headers: { location: `/connectors/${encodeURIComponent(name.trim())}` },
    };
  },
});

function stateOf(given: unknown): TargetState | undefined {
  if (given === undefined || given === null) return undefined;
  const states: Readonly<Record<string, TargetState>> = { RUNNING: 'STARTED', PAUSED: 'PAUSED', STOPPED: 'STOPPED' };
  const state = states[String(given).toUpperCase()];
  if (state === undefined) throw new RestFailure(400, `Invalid initial state: ${String(given)}`);
  return state;
}

async function put(name: string, config: RawConfig, { herder }: RestContext) {
  const created = await herder.put(name, config);
  // The tasks of a new connector come after the answer.
  return { status: created ? 201 : 200, body: { ...herder.info(name), ...(created && { tasks: [] }) } };
}

const putConfig: Route = atLeader({
  method: 'PUT',
  path: '/connectors/:name/config',
  handle(request, context) {
    const name = nameOf(request);
    const config = configOf(request.body);
    if (config.name !== undefined && config.name !== name)
      throw new RestFailure(
        400,
        `Connector name configuration (${config.name}) doesn't match connector name in the URL (${name})`,
      );
    return put(name, config, context);
  },
});

const patchConfig: Route = atLeader({
  method: 'PATCH',
  path: '/connectors/:name/config',
  handle(request, context) {
    const name = nameOf(request);
    const merged: Record<string, string | null> = {
      ...context.herder.info(name).config,
      ...configOf(request.body, true),
    };
    return put(name, configOf(merged), context);
  },
});

const restart: Route = atLeader({
  method: 'POST',
  path: '/connectors/:name/restart',
  async handle(request, { herder }) {
    const flag = (name: string): boolean => request.query.get(name)?.toLowerCase() === 'true';
    const options = { includeTasks: flag('includeTasks'), onlyFailed: flag('onlyFailed') };
    const name = nameOf(request);
    await herder.restart(name, options);
    return options.includeTasks || options.onlyFailed ? { status: 202, body: herder.status(name) } : NO_CONTENT;
  },
});

const target = (verb: string, state: TargetState, answer: typeof NO_CONTENT): Route =>
  atLeader({
    method: 'PUT',
    path: `/connectors/:name/${verb}`,
    async handle(request, { herder }) {
      await herder.setTarget(nameOf(request), state);
      return answer;
    },
  });

/** A task is a number; anything else is not a path of the API. */
function taskOf({ parameters: { task = '' } }: Parameters<Route['handle']>[0]): number {
  if (!/^\d{1,9}$/.test(task)) throw new RestFailure(404, 'HTTP 404 Not Found');
  return Number(task);
}

const taskStatus: Route = {
  method: 'GET',
  path: '/connectors/:name/tasks/:task/status',
  handle(request, { herder }) {
    const tasks = herder.exists(nameOf(request)) ? herder.status(nameOf(request)).tasks : [];
    const id = taskOf(request);
    const task = tasks.find((one) => one.id === id);
    if (task === undefined) throw new RestFailure(404, `No status found for task ${nameOf(request)}-${id}`);
    return ok(task);
  },
};

const restartTask: Route = atOwner(
  {
    method: 'POST',
    path: '/connectors/:name/tasks/:task/restart',
    async handle(request, { herder }) {
      await herder.restartTask(nameOf(request), taskOf(request));
      return NO_CONTENT;
    },
  },
  taskOf,
);

const remove: Route = atLeader({
  method: 'DELETE',
  path: '/connectors/:name',
  async handle(request, { herder }) {
    await herder.remove(nameOf(request));
    return NO_CONTENT;
  },
});

export const CONNECTOR_ROUTES: readonly Route[] = [
  list,
  create,
  { method: 'GET', path: '/connectors/:name', handle: (request, { herder }) => ok(herder.info(nameOf(request))) },
  {
    method: 'GET',
    path: '/connectors/:name/config',
    handle: (request, { herder }) => ok(herder.info(nameOf(request)).config),
  },
  putConfig,
  patchConfig,
  {
    method: 'GET',
    path: '/connectors/:name/status',
    handle: (request, { herder }) => ok(herder.status(nameOf(request))),
  },
  {
    method: 'GET',
    path: '/connectors/:name/tasks',
    handle: (request, { herder }) => ok(herder.taskConfigs(nameOf(request))),
  },
  taskStatus,
  restartTask,
  restart,
  target('pause', 'PAUSED', ACCEPTED),
  target('resume', 'STARTED', ACCEPTED),
  target('stop', 'STOPPED', NO_CONTENT),
  remove,
];
