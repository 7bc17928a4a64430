import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * The shortest question that a server of each protocol answers without a login. The kernel accepts connections for a
 * process that is stopped or busy for ever: only an answer shows that it lives.
 */
const QUESTIONS = {
  /** RFC 9110, 9.3.7: the form of OPTIONS that is meant as a ping, and has no effect. */
  http: Buffer.from('OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
  /** ApiVersions 0, which every broker answers before authentication. */
  kafka: Buffer.from('0000000e0012000000000001000470696e67', 'hex'),
  /** SSLRequest; a server answers S or N and writes nothing to its log. */
  postgres: Buffer.from('0000000804d2162f', 'hex'),
  amqp: Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
  redis: Buffer.from('PING\r\n'),
} as const;

export type Protocol = keyof typeof QUESTIONS;

export interface LivenessQuestion {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  /** Then its part of the handshake is the answer. */
  readonly tls?: boolean;
}

export type Silence =
  /** It accepts, and says nothing. */
  | { readonly kind: 'silent' }
  /** No connection is made. */
  | { readonly kind: 'absent'; readonly why: string };

/** Undefined: it lives, whatever it answers; an end of the connection is an answer too. Rejects only with the signal's reason. */
export function silenceOf(
  { protocol, host, port, tls = false }: LivenessQuestion,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Silence | undefined> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let connected = false;
    const socket: Socket = tls ? connectTls({ host, port, rejectUnauthorized: false }) : connectTcp({ host, port });
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
    };
    const settle = (silence: Silence | undefined): void => {
      end();
      resolve(silence);
    };
    const onAbort = (): void => {
      end();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(
      () => settle(connected ? { kind: 'silent' } : { kind: 'absent', why: 'no connection could be made' }),
      timeoutMs,
    );
    socket.once('connect', () => {
      connected = true;
      if (!tls) socket.write(QUESTIONS[protocol]);
    });
    socket.once('secureConnect', () => settle(undefined));
    socket.once('data', () => settle(undefined));
    socket.once('end', () => settle(undefined));
    socket.once('error', (failure) => settle(connected ? undefined : { kind: 'absent', why: failure.message }));
  });
}
