import { componentsOf } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import { envName } from '../../targets/placement.js';
import type { Endpoint } from '../../targets/target.js';

/**
 * The addresses of all that runs, by the names that targets read them from (EVPIPE_KAFKA_BOOTSTRAP_SERVERS …), passwords in
 * URLs included, databases with the login of their owner; `_INSIDE` beside them where the stack's servers see another address. Throws EVPIPE_NOT_RUNNING (kind
 * unreachable) where there is none.
 */
export async function addresses(session: Session): Promise<Readonly<Record<string, string>>> {
  const { pipeline, kinds, target } = session;
  const components = componentsOf(pipeline, kinds).map(({ component }) => component);
  const variables = await Promise.all(
    components.map(async (component): Promise<Readonly<Record<string, string>>> => {
      const faces = await target.endpoint(component);
      if (faces === undefined) return {};
      const [host, inside] = [faces.host, faces.inside].map((endpoint) => addressOf(target.as(endpoint, 'owner')));
      if (host === undefined) return {};
      return {
        [envName(component)]: host,
        ...(inside !== undefined && inside !== host && { [envName(component, '_INSIDE')]: inside }),
        ...Object.assign({}, ...kinds.map((kind) => kind.variables?.(faces.host))),
      };
    }),
  );
  const found: Readonly<Record<string, string>> = Object.assign({}, ...variables);
  if (Object.keys(found).length > 0) return found;
  throw new EvpipeError('EVPIPE_NOT_RUNNING', `${pipeline.name} does not run, so it has no addresses`, {
    kind: 'unreachable',
    todo: 'Start it with evpipe up.',
  });
}

function addressOf(endpoint: Endpoint): string | undefined {
  return 'bootstrapServers' in endpoint ? endpoint.bootstrapServers : endpoint.url;
}
