import { textsOf } from '../../../pipeline/document.js';
import type { LintContext } from '../../../pipeline/kind.js';
import { type Problem, problem } from '../../../pipeline/problem.js';
import { parseReference, referencesIn } from '../../../pipeline/references.js';
import { serviceRoutes } from '../../gateway/section.js';

const TODO = 'Give the service a port.';

/** Services that others have to reach, and that listen nowhere. Another rule reports what does not exist at all. */
export function checkAddresses({ pipeline, tree }: LintContext): readonly Problem[] {
  const elsewhere = pipeline.target.services ?? {};
  const deaf = new Set(
    pipeline.services
      .filter(({ name, port }) => port === undefined && typeof elsewhere[name] !== 'object')
      .map(({ name }) => name),
  );
  const asked = [
    ...pipeline.services.flatMap(({ name, ready, open, locationOf }) => [
      ...(ready === undefined || (ready.how.kind !== 'http' && ready.how.kind !== 'tcp')
        ? []
        : [
            {
              service: name,
              location: locationOf('ready'),
              why: `ready is asked over ${ready.how.kind.toUpperCase()}`,
            },
          ]),
      ...(open === undefined ? [] : [{ service: name, location: locationOf('open'), why: 'a page of it is shown' }]),
    ]),
    ...pipeline.seeds.flatMap((seed) =>
      seed.kind === 'service'
        ? [{ service: seed.service, location: seed.locationOf('service'), why: `seed ${seed.name} posts to it` }]
        : [],
    ),
    ...[pipeline.gateway].flatMap((gateway) =>
      serviceRoutes(gateway).flatMap(({ prefix, service }) =>
        gateway === undefined
          ? []
          : [
              {
                service,
                location: gateway.locationOf('routes', prefix),
                why: `route ${prefix} of the gateway leads to it`,
              },
            ],
      ),
    ),
    ...pipeline.smoke.flatMap(({ name, requests, locationOf }) =>
      requests.map(({ service, at }) => ({
        service,
        location: locationOf(...at, 'service'),
        why: `smoke ${name} asks it`,
      })),
    ),
    ...[...textsOf(tree)].flatMap(({ text, location }) =>
      referencesIn(text).flatMap((path) => {
        const reference = parseReference(path);
        return reference.head === 'services'
          ? [{ service: reference.name, location, why: `$(${path}) refers to its address` }]
          : [];
      }),
    ),
  ];
  return asked
    .filter(({ service }) => deaf.has(service))
    .map(({ service, location, why }) =>
      problem('service-without-port', location, `service ${service} has no port, but ${why}`, TODO),
    );
}
