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
  /** `hello` of the database admin, as OP_MSG. */
  mongodb: Buffer.from(
    '340000000100000000000000dd0700000000000000' +
      '1f0000001068656c6c6f0001000000022464620006000000' +
      '61646d696e0000',
    'hex',
  ),
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

/** By the scheme of an address. */
const SCHEMES: Readonly<
  Record<string, { readonly protocol: Protocol; readonly port: number; readonly tls?: boolean }>
> = {
  'http:': { protocol: 'http', port: 80 },
  'https:': { protocol: 'http', port: 443, tls: true },
  'amqp:': { protocol: 'amqp', port: 5672 },
  'amqps:': { protocol: 'amqp', port: 5671, tls: true },
  'redis:': { protocol: 'redis', port: 6379 },
  'rediss:': { protocol: 'redis', port: 6379, tls: true },
  'postgres:': { protocol: 'postgres', port: 5432 },
  'postgresql:': { protocol: 'postgres', port: 5432 },
  'mongodb:': { protocol: 'mongodb', port: 27_017 },
};

/** What to ask a server at this address; undefined where that is not known. */
export function questionOf(url: string): LivenessQuestion | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol: scheme, hostname, port, searchParams } = new URL(url);
  const known = SCHEMES[scheme];
  if (known === undefined) return undefined;
  const tls = known.tls ?? [searchParams.get('tls'), searchParams.get('ssl')].includes('true'); // so does MongoDB say it
  return { ...known, tls, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || known.port };
}

const READ_MS = 100;

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
    const giveUp = (): void =>
      settle(connected ? { kind: 'silent' } : { kind: 'absent', why: 'no connection could be made' });
    // Where this process was held up itself, the answer is there and only not read yet.
    let timer = setTimeout(() => {
      timer = setTimeout(giveUp, READ_MS);
    }, timeoutMs);
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

/** How often a server that owes an answer is asked whether it lives. */
const ASK_EVERY_MS = 1_000;
/** Without an answer to that for so long it is silent: with the pause before, some 4 s after its last word. */
const SILENT_MS = 3_000;
/** The same of one that was silent a moment ago: many things may ask for it in turn. */
const STILL_SILENT_MS = 500;
/** A server that was silent longer ago may have been held up, and is asked as any other. */
const REMEMBERED_MS = 10_000;

export interface LivenessWatch {
  /** The server has said something: no need to ask it for a while. */
  heard(): void;
  end(): void;
}

/** What is done about servers that fall silent. */
export interface SilenceRule {
  /** How much longer than it takes to notice. A real server may be held up for seconds, by a collection of garbage or a full disk. */
  readonly patienceMs: number;
  /** Once for each silence that is waited out. */
  waiting(question: LivenessQuestion): void;
}

const GIVE_UP: SilenceRule = { patienceMs: 0, waiting: () => {} };

/**
 * An answer may take as long as it wants, but only from a server that lives: one that was stopped keeps its connections open for
 * ever. While an answer is waited for, this asks the server on connections of their own. One that can't be reached any more is not
 * silent: its connections break by themselves, or it is being restarted.
 */
export class Liveness {
  /** When silent servers said their last word. */
  private readonly silentSince = new Map<string, { readonly lastWordMs: number; readonly askedMs: number }>();

  constructor(private readonly rule: SilenceRule = GIVE_UP) {}

  /** Calls `onSilent`, once, where the server says nothing to anybody for longer than the rule allows. */
  watch(question: LivenessQuestion, onSilent: () => void): LivenessWatch {
    const key = keyOf(question);
    const ending = new AbortController();
    let heardMs = performance.now();
    let timer: NodeJS.Timeout;
    const heard = (): void => {
      heardMs = performance.now();
      this.silentSince.delete(key);
    };
    const askAfter = (ms: number): void => {
      timer = setTimeout(() => void ask().catch(() => {}), ms); // it rejects only where the watch has ended
    };
    const ask = async (): Promise<void> => {
      const known = this.known(key);
      const restMs = known === undefined ? heardMs + ASK_EVERY_MS - performance.now() : 0;
      if (restMs > 0) {
        askAfter(restMs);
        return;
      }
      const silence = await silenceOf(question, known === undefined ? SILENT_MS : STILL_SILENT_MS, ending.signal);
      const hasSpoken = this.known(key) === undefined && performance.now() - heardMs <= SILENT_MS; // on the connection itself
      if (silence?.kind !== 'silent' || hasSpoken) heard();
      else if (!this.waitsOn(question, heardMs)) {
        onSilent();
        return;
      }
      askAfter(ASK_EVERY_MS);
    };
    askAfter(this.known(key) === undefined ? ASK_EVERY_MS : 0);
    return {
      heard,
      end: () => {
        clearTimeout(timer);
        ending.abort();
      },
    };
  }

  /** The work, or what `silent` makes where the server is given up meanwhile. */
  async whileItLives<T>(question: LivenessQuestion | undefined, work: Promise<T>, silent: () => Error): Promise<T> {
    if (question === undefined) return work;
    let watch: LivenessWatch | undefined;
    const silence = new Promise<never>((_, reject) => {
      watch = this.watch(question, () => reject(silent()));
    });
    try {
      return await Promise.race([work, silence]);
    } finally {
      watch?.end();
    }
  }

  /** Whether the rule allows to go on waiting for a server that has just not answered, and said its last word then. */
  waitsOn(question: LivenessQuestion, heardMs: number): boolean {
    const key = keyOf(question);
    const askedMs = performance.now();
    const known = this.known(key);
    const lastWordMs = known?.lastWordMs ?? heardMs;
    this.silentSince.set(key, { lastWordMs, askedMs });
    const waits = askedMs - lastWordMs < SILENT_MS + this.rule.patienceMs;
    if (waits && known === undefined) this.rule.waiting(question);
    return waits;
  }

  private known(key: string) {
    const known = this.silentSince.get(key);
    return known !== undefined && performance.now() - known.askedMs < REMEMBERED_MS ? known : undefined;
  }
}

const keyOf = ({ host, port }: LivenessQuestion): string => `${host}:${port}`;
