import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LintContext } from '../../../pipeline/kind.js';
import type { Pipeline } from '../../../pipeline/pipeline.js';
import { type Problem, problem, warning } from '../../../pipeline/problem.js';
import { parseReference } from '../../../pipeline/references.js';
import { placeOf } from '../../connector/lint/connector-views.js';
import { serviceRoutes } from '../../gateway/section.js';
import { jobReferences } from '../../job/section.js';
import { serviceReferences } from '../referred.js';
import type { ServiceSection } from '../section.js';

/** What services run, where they listen, whom they wait for, how they consume and report. */
export function checkServices(context: LintContext): readonly Problem[] {
  const { services } = context.pipeline;
  return [
    ...services.flatMap((service) => modules(service, context)),
    ...ports(context),
    ...cycles(context.pipeline),
    ...groups(services),
    ...services.flatMap(outboxes),
    ...services.flatMap(environment),
  ];
}

function modules(service: ServiceSection, { pipeline }: LintContext): readonly Problem[] {
  const { name, run, cwd, locationOf } = service;
  const written = run.kind === 'module' ? run.module : run.kind === 'command' ? run.command[0] : undefined;
  // A command without a folder is looked up in PATH, when it runs.
  if (written === undefined || (run.kind === 'command' && !/^\.{0,2}\//.test(written)) || written.includes('$('))
    return [];
  const path = resolve(pipeline.folder, run.kind === 'command' ? (cwd ?? '.') : '.', written);
  if (existsSync(path) && statSync(path).isFile()) return [];
  if (run.kind === 'command' && isAfterJob(service, pipeline)) return []; // which may build it
  return [problem('file-missing', locationOf(run.kind), `service ${name}: there is no file ${written}`)];
}

/** A job may make what it runs. */
export const isAfterJob = ({ name, needs }: ServiceSection, { jobs }: Pipeline): boolean =>
  jobs.some((job) => needs.includes(job.name) || job.before.includes(name));

function ports(context: LintContext): readonly Problem[] {
  const { services } = context.pipeline;
  const { gateway } = context.pipeline;
  const declared = [
    ...services.map(({ name, port }) => ({ who: `service ${name}`, port, path: ['services', name, 'port'] })),
    { who: 'the gateway', port: gateway?.port, path: ['gateway', 'port'] },
  ];
  const taken = new Map<number, string>();
  return declared.flatMap(({ who, port, path }) => {
    if (port === undefined) return [];
    const other = taken.get(port);
    taken.set(port, other ?? who);
    return other === undefined
      ? []
      : [problem('port-clash', placeOf(context, ...path), `port ${port} of ${who} is also declared for ${other}`)];
  });
}

/** A service that refers to another one, or needs it, is started after it; data may flow in circles, starting can't. */
function cycles({ services, jobs, gateway, folder }: Pipeline): readonly Problem[] {
  const jobsBefore = (name: string) => jobs.filter(({ before }) => before.includes(name)).map((job) => job.name);
  const needs = new Map([
    ...services.map((one) => {
      const { name, copyOf = name } = one;
      return [name, [...neededServices(one, folder, gateway), ...one.needs, ...jobsBefore(copyOf)]] as const;
    }),
    ...jobs.map((one) => {
      const named = servicesIn(jobReferences(one, folder), gateway);
      return [one.name, [...named, ...one.after, ...jobsBefore(one.name)]] as const;
    }),
  ]);
  const done = new Set<string>();
  const found: Problem[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const at = trail.indexOf(name);
    if (at >= 0) {
      const circle = [...trail.slice(at), name];
      const section = [...services, ...jobs].find((one) => one.name === trail[at]);
      if (section !== undefined)
        found.push(
          problem(
            'start-up-cycle',
            Object.keys(section.env).length > 0 ? section.locationOf('env') : section.location,
            `these wait for each other: ${circle.join(' → ')}`,
          ),
        );
      return;
    }
    if (done.has(name)) return;
    for (const next of needs.get(name) ?? []) visit(next, [...trail, name]);
    done.add(name);
  };
  for (const { name } of [...services, ...jobs]) visit(name, []);
  return found;
}

/** By name; who refers to the gateway needs all that it leads to. */
export function neededServices(
  service: ServiceSection,
  folder: string,
  gateway?: Pipeline['gateway'],
): readonly string[] {
  return servicesIn(serviceReferences(service, folder), gateway);
}

function servicesIn(paths: readonly string[], gateway: Pipeline['gateway']): readonly string[] {
  const named = paths.flatMap((path) => {
    const reference = parseReference(path);
    if (reference.head === 'gateway') return serviceRoutes(gateway).map(({ service }) => service);
    return reference.head === 'services' ? [reference.name] : [];
  });
  return [...new Set(named)];
}

/** Two services in one group share its partitions: each sees a part of the records only. */
function groups(services: readonly ServiceSection[]): readonly Problem[] {
  const members = new Map<string, string>();
  return services.flatMap(({ name, copyOf, consumes, locationOf }) => {
    if (consumes === undefined || copyOf !== undefined) return [];
    const other = members.get(consumes.group);
    members.set(consumes.group, other ?? name);
    if (other === undefined) return [];
    const message = `group ${consumes.group} is also used by service ${other}: each would see only some of the records`;
    return [warning('group-shared', locationOf('consumes', 'group'), message)];
  });
}

function outboxes({ name, outbox, publishes, locationOf }: ServiceSection): readonly Problem[] {
  if (outbox === undefined) return [];
  const { sent, topics, reports } = outbox;
  const found: Problem[] = [];
  if (reports.length === 0)
    found.push(
      warning('outbox-incomplete', locationOf('outbox', 'reports'), `the outbox of service ${name} reports no table`),
    );
  if (sent !== undefined && topics.length === 0 && publishes.length === 0)
    found.push(
      problem(
        'outbox-incomplete',
        locationOf('outbox', 'sent'),
        `the polling outbox of service ${name} needs topics, or what the service publishes`,
      ),
    );
  if (sent === undefined && topics.length > 0)
    found.push(
      problem(
        'outbox-incomplete',
        locationOf('outbox', 'topics'),
        `the polling outbox of service ${name} needs sent: the column that marks a row as sent`,
      ),
    );
  return found;
}

function environment({ env, locationOf }: ServiceSection): readonly Problem[] {
  return Object.keys(env)
    .filter((variable) => variable === '' || /[=\0]/.test(variable) || variable === 'PORT' || variable === 'HOST')
    .map((variable) =>
      variable === 'PORT' || variable === 'HOST'
        ? warning(
            'environment-name',
            locationOf('env', variable),
            `${variable} is set by evpipe; ask for a port with port`,
          )
        : problem('environment-name', locationOf('env', variable), 'is not a valid name of an environment variable'),
    );
}
