import type { LaunchDifference } from '../launch-difference.js';
import type { Container } from './containers.js';
import type { Mapping } from './fragment.js';

/**
 * In what a running container is not the one that the project asks for: another image is named, a variable or a port of this host is
 * another one, whoever has changed that. Pure. What a container reads from files is not seen here.
 */
export function containerDifferences(running: Container, wanted: Mapping): readonly LaunchDifference[] {
  const { image, environment, ports } = wanted as {
    readonly image?: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly ports?: readonly string[];
  };
  const published = [...(ports ?? [])].sort();
  const found = [...running.ports].sort();
  return [
    ...(image === undefined || isSameImage(running.image, image)
      ? []
      : [{ part: 'image' as const, before: running.image, after: image }]),
    ...Object.entries(environment ?? {}).flatMap(([name, after]): readonly LaunchDifference[] => {
      const before = running.env[name];
      return before === after ? [] : [{ part: 'env', name, after, ...(before !== undefined && { before }) }];
    }),
    ...(published.join() === found.join()
      ? []
      : [{ part: 'port' as const, before: found.join(', ') || 'none', after: published.join(', ') || 'none' }]),
  ];
}

/** Podman writes out the registry: docker.io/library/postgres:18. */
const isSameImage = (running: string, wanted: string): boolean => running === wanted || running.endsWith(`/${wanted}`);
