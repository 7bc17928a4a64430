import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { EvpipeError } from '../../support/errors.js';

const ANSWER_MS = 3_000;
/** The answer of INFO server is some 2 kB. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** Its version, where a Redis answers at the address and takes the password. Throws EVPIPE_CACHE_UNREACHABLE (kind unreachable) or EVPIPE_CACHE_REFUSED. */
export function pingCache(url: string, signal: AbortSignal): Promise<string> {
  const { protocol, hostname: host, port, username, password } = new URL(url);
  const place = `${host}:${port || 6379}`;
  const words = [...(username === '' ? [] : [decodeURIComponent(username)]), decodeURIComponent(password)];
  const commands = [...(password === '' ? [] : [['AUTH', ...words]]), ['INFO', 'server']];
  return new Promise((resolve, reject) => {
    const at = { host, port: Number(port) || 6379 };
    const socket: Socket = protocol === 'rediss:' ? connectTls(at) : connectTcp(at);
    let said = '';
    const end = (settle: () => void): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const unreachable = (why: string) =>
      end(() =>
        reject(
          new EvpipeError('EVPIPE_CACHE_UNREACHABLE', `Redis at ${place}: ${why}`, {
            kind: 'unreachable',
            todo: 'Check that it runs and that the address is right.',
          }),
        ),
      );
    const onAbort = () => end(() => reject(signal.reason));
    const deadline = setTimeout(() => unreachable(`no answer within ${ANSWER_MS / 1000} s`), ANSWER_MS);
    signal.addEventListener('abort', onAbort);
    socket.on('error', (failure) => unreachable(failure.message));
    socket.on('close', () => unreachable('it closed the connection'));
    socket.on('connect', () => socket.write(commands.map(encode).join('')));
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const refused = /^-(.*)\r\n/m.exec(said)?.[1];
      const version = /^redis_version:(\S+)\r\n/m.exec(said)?.[1];
      if (refused !== undefined)
        end(() => reject(new EvpipeError('EVPIPE_CACHE_REFUSED', `Redis at ${place}: ${refused}`)));
      else if (version !== undefined) end(() => resolve(version));
      else if (said.length > ANSWER_BYTES_MAX) unreachable('the server at this address is not Redis');
    });
  });
}

/** A command as RESP has it: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
const encode = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
