import type { Pipeline } from '../../pipeline/pipeline.js';
import { parseReference, referencesIn } from '../../pipeline/references.js';
import { jobReferences } from '../job/section.js';
import { referencesInFiles } from '../program.js';
import type { ServiceSection } from './section.js';

/** The paths of `$(…)` in what a service is started with, its files included and its own port left out. */
export function serviceReferences(
  service: Pick<ServiceSection, 'env' | 'envFile' | 'files' | 'run'>,
  folder: string,
): readonly string[] {
  const texts = [...Object.values(service.env), ...(service.run.kind === 'command' ? service.run.command : [])];
  return [...texts.flatMap(referencesIn), ...referencesInFiles(folder, service)].filter((path) => path !== OWN_PORT);
}

/** Its supervisor replaces it, which alone knows the port. */
const OWN_PORT = 'services.self.port';

/** Does a service or a job want to know anything of this server, as `connect` in `$(connect.url)`? Not of one of several that has a name. */
export function isReferred({ folder, services, jobs }: Pipeline, head: string): boolean {
  const isOf = (path: string): boolean => {
    const reference = parseReference(path);
    return reference.head === head && reference.name === '';
  };
  return (
    services.some((service) => serviceReferences(service, folder).some(isOf)) ||
    jobs.some((job) => jobReferences(job, folder).some(isOf))
  );
}

/** The nodes of a service with all its copies, or of a job. */
export function programNodes({ services, jobs }: Pipeline, name: string): readonly string[] {
  const copies = services.filter((one) => one.name === name || one.copyOf === name);
  return [
    ...copies.map((one) => `service/${one.name}`),
    ...jobs.filter((one) => one.name === name).map(() => `job/${name}`),
  ];
}
