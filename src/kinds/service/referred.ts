import type { Pipeline } from '../../pipeline/pipeline.js';
import { referencesIn } from '../../pipeline/references.js';
import type { ServiceSection } from './section.js';

/** The paths of `$(…)` in what a service is started with. */
export function serviceReferences(service: ServiceSection): readonly string[] {
  const texts = [...Object.values(service.env), ...(service.run.kind === 'command' ? service.run.command : [])];
  return texts.flatMap(referencesIn);
}

/** Does a service want to know this address? */
export const isReferred = ({ services }: Pipeline, path: string): boolean =>
  services.some((service) => serviceReferences(service).includes(path));
