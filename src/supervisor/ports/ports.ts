import { connect, createServer } from 'node:net';
import { EvpipeError } from '../../support/errors.js';

const HOST = '127.0.0.1';
/** How far from the preferred port a free one is looked for. */
const PORTS_TRIED = 1000;

/**
 * The first free one of: the port it had before, the preferred one, the next ones. `avoid` are ports that others of this
 * pipeline have or prefer, and one that has just proved to be taken; only these two may be among them: the port it
 * had before and the preferred one, as long as they are free. `claimed`: of other pipelines, never chosen.
 */
export async function choosePort(
  preferred: number,
  before: number | undefined,
  avoid: ReadonlySet<number>,
  claimed: ReadonlySet<number>,
): Promise<number> {
  const next = Array.from({ length: PORTS_TRIED }, (_, n) => preferred + n + 1).filter(
    (port) => port < 65536 && !avoid.has(port),
  );
  for (const port of new Set([...(before === undefined ? [] : [before]), preferred, ...next])) {
    if (!claimed.has(port) && (await isPortFree(port))) return port;
  }
  throw new EvpipeError('EVPIPE_NO_FREE_PORT', `no port is free between ${preferred} and ${preferred + PORTS_TRIED}`);
}

/** Free: nothing answers on it, and it can be listened on. (A listener on all addresses does not always stop one on 127.0.0.1.) */
export async function isPortFree(port: number): Promise<boolean> {
  return !(await answers(port)) && (await canListen(port));
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: HOST, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
