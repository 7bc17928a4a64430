import { Agent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { AxiosInstance } from 'axios';
import { isConnectionLost } from '../support/connection-failure.js';
import { codeOf, messageOf } from '../support/errors.js';
import { type Liveness, type LivenessQuestion, type LivenessWatch, questionOf } from '../support/liveness.js';
import { pause } from '../support/retry.js';
import { type TlsFiles, tlsSettings } from '../support/tls-files.js';
import { basicAuthorization } from './basic-authorization.js';

export interface HttpRequest {
  readonly method: string;
  /** Below the client's URL, encoded, with its query. */
  readonly path: string;
  /** Sent as JSON; undefined is no body. */
  readonly body?: unknown;
  /** Sent as a form is, in place of a body. */
  readonly form?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Sending it twice does no harm; default: GET and HEAD only. */
  readonly repeatable?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** Parsed where it is JSON, else the text; undefined where there was none. */
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
}

/** An HTTP server, and what it asks of a client. */
export interface HttpAddress {
  /** With a path where the API has one; a user and password in it are sent as basic authentication. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string | undefined;
  readonly ssl?: TlsFiles | undefined;
}

/** An address whose server somebody waits for. */
export interface WatchedAddress extends HttpAddress {
  /**
   * Ends a request, streams included, where the server no longer answers anybody. For commands, which have somebody waiting for
   * them, and for servers that answer while they work on a request.
   */
  readonly liveness?: Liveness | undefined;
}

export interface HttpClientOptions extends WatchedAddress {
  readonly headers?: Readonly<Record<string, string>>;
  /** For one answer, from its request to its last byte. */
  readonly timeoutMs?: number;
  /** How long a request that was not answered is repeated for: the server may be restarting. 0: never. */
  readonly retryMs?: number;
  /** Kept at the same time. */
  readonly connections?: number;
  /** Ends every request. */
  readonly signal?: AbortSignal | undefined;
}

/** No answer came. */
export class NoAnswer extends Error {
  constructor(
    message: string,
    /** No connection was made, so the server has seen nothing of the request. */
    readonly neverSent: boolean,
    readonly timedOut: boolean,
    cause: unknown,
  ) {
    super(message, { cause });
    this.name = 'NoAnswer';
  }

  get code(): string {
    return codeOf(this.cause) ?? '';
  }
}

/** Of codes of lost connections, what can only happen before a connection is made. */
const NEVER_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

const TIMEOUT_MS = 30_000;
const SILENT = 'it has stopped answering';
const RETRY_MS = 8_000;
const FIRST_PAUSE_MS = 50;
const PAUSE_MAX_MS = 800;
/** Far above what any of the servers answers; streams are not bounded. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

/**
 * The one HTTP client. Answers of any status are answers. A request without an answer is repeated while its connection could
 * not be made, or if it is a GET or repeatable; a timeout is never repeated. Redirects are not followed, proxies not used.
 * Throws NoAnswer, or the signal's reason.
 */
export class HttpClient {
  private readonly agent: Agent;
  /** For requests that are sent once: a connection each. */
  private readonly single: Agent;
  private http: Promise<AxiosInstance> | undefined;
  private readonly question: LivenessQuestion | undefined;

  constructor(private readonly options: HttpClientOptions) {
    const { url, connections = 16, ssl = {}, liveness } = options;
    this.question = liveness && questionOf(url);
    const kept = { keepAlive: true, maxSockets: connections };
    if (url.startsWith('https:')) {
      const tls = tlsSettings(ssl);
      this.agent = new TlsAgent({ ...kept, ...tls });
      this.single = new TlsAgent({ ...tls, keepAlive: false });
    } else {
      this.agent = new Agent(kept);
      this.single = new Agent({ keepAlive: false });
    }
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    const repeatable = isRepeatable(request);
    const endMs = performance.now() + (this.options.retryMs ?? RETRY_MS);
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
      try {
        return await this.once(request);
      } catch (failure) {
        if (!(failure instanceof NoAnswer)) throw failure;
        const mayRepeat = (failure.neverSent || repeatable) && !failure.timedOut && isConnectionLost(failure.code);
        if (!mayRepeat || performance.now() + pauseMs > endMs) throw failure;
        await pause(pauseMs * (0.75 + Math.random() / 2), this.signalOf(request));
      }
    }
  }

  /** Sent once. The answer's head has come when this resolves; its body is the caller's to read, and to end by the signal. */
  async open(request: HttpRequest): Promise<IncomingMessage> {
    const answer = await this.timed((timer) => this.send(request, timer));
    const watch = this.watch(() => answer.destroy(new NoAnswer(SILENT, false, true, undefined)));
    answer.once('close', () => watch?.end());
    return answer;
  }

  close(): void {
    this.agent.destroy();
    this.single.destroy();
  }

  private once(request: HttpRequest): Promise<HttpAnswer> {
    return this.timed(async (timer) => {
      const answer = await this.send(request, timer);
      const body = parsed(await this.textOf(answer, request, timer));
      return { status: answer.statusCode ?? 0, body, headers: answer.headers };
    });
  }

  private async timed<T>(work: (timer: AbortSignal) => Promise<T>): Promise<T> {
    await this.loaded(); // on a busy machine that takes seconds, which are not the server's
    const timer = new AbortController();
    const timeoutMs = this.options.timeoutMs ?? TIMEOUT_MS;
    const timeout = setTimeout(() => timer.abort(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    const watch = this.watch(() => timer.abort(SILENT));
    try {
      return await work(timer.signal);
    } finally {
      clearTimeout(timeout);
      watch?.end();
    }
  }

  private watch(onSilent: () => void): LivenessWatch | undefined {
    return this.question && this.options.liveness?.watch(this.question, onSilent);
  }

  /** Done by the first request. Who sets a deadline of its own waits for it first. */
  loaded(): Promise<AxiosInstance> {
    this.http ??= axiosFor(this.options);
    return this.http;
  }

  private async send(request: HttpRequest, timer: AbortSignal): Promise<IncomingMessage> {
    const { method, path, headers } = request;
    // A kept connection may end just as a request is sent, and then it is unknown whether it arrived.
    const agent = isRepeatable(request) && this.options.retryMs !== 0 ? this.agent : this.single;
    try {
      const answer = await (await this.loaded()).request<IncomingMessage>({
        method,
        url: path,
        ...contentOf(request, { ...this.options.headers, ...headers }),
        httpAgent: agent,
        httpsAgent: agent,
        signal: AbortSignal.any([timer, ...this.signals(request)]),
      });
      return answer.data;
    } catch (failure) {
      throw this.explained(failure, request, timer);
    }
  }

  private async textOf(answer: IncomingMessage, request: HttpRequest, timer: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
        chunks.push(chunk);
      }
    } catch (failure) {
      throw this.explained(failure, request, timer);
    }
    return Buffer.concat(chunks).toString();
  }

  /** The signal's reason where the caller has ended it, else why there is no answer. */
  private explained(failure: unknown, request: HttpRequest, timer: AbortSignal): unknown {
    const ended = this.signals(request).find(({ aborted }) => aborted);
    if (ended !== undefined) return ended.reason;
    const timedOut = timer.aborted;
    const why = timedOut ? String(timer.reason) : messageOf(failure) || codeOf(failure) || 'no answer';
    const code = codeOf(failure) ?? '';
    return new NoAnswer(why, NEVER_SENT.has(code), timedOut, failure);
  }

  private signals({ signal }: HttpRequest): readonly AbortSignal[] {
    return [signal, this.options.signal].filter((one) => one !== undefined);
  }

  private signalOf(request: HttpRequest): AbortSignal {
    return AbortSignal.any([...this.signals(request)]);
  }
}

/** Loaded with the first request: many commands make none, and loading it takes a fifth of a short one's CPU. */
async function axiosFor(address: HttpAddress): Promise<AxiosInstance> {
  const { default: axios } = await import('axios');
  const { url, authorization } = loginOf(address);
  return axios.create({
    adapter: 'http',
    baseURL: url.replace(/\/+$/, ''),
    headers: { accept: 'application/json', ...(authorization !== undefined && { Authorization: authorization }) },
    responseType: 'stream',
    validateStatus: () => true,
    transformRequest: [(body: unknown) => body],
    maxRedirects: 0,
    maxBodyLength: Number.POSITIVE_INFINITY,
    proxy: false,
  });
}

/** The URL without the user and password in it, and the header that says the same, decoded. A token goes before them. */
function loginOf({ url, token }: HttpAddress): { readonly url: string; readonly authorization?: string } {
  const parsedUrl = new URL(url);
  const { username, password } = parsedUrl;
  const hasLogin = username !== '' || password !== '';
  parsedUrl.username = '';
  parsedUrl.password = '';
  const bare = hasLogin ? parsedUrl.href : url;
  if (token !== undefined) return { url: bare, authorization: `Bearer ${token}` };
  if (!hasLogin) return { url: bare };
  return { url: bare, authorization: basicAuthorization(decoded(username), decoded(password)) };
}

/** A lone `%` in a password stays what it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function contentOf({ body, form }: HttpRequest, headers: Readonly<Record<string, string>>) {
  // Without a body axios would send a form's content type, which Kafka Connect refuses: false is none.
  const type = form !== undefined ? FORM : body === undefined ? false : 'application/json';
  const text = form !== undefined ? formText(form) : body === undefined ? undefined : JSON.stringify(body);
  return { headers: { 'content-type': type, ...headers }, ...(text !== undefined && { data: Buffer.from(text) }) };
}

function formText(form: NonNullable<HttpRequest['form']>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Array.isArray(form) ? form : Object.entries(form)) params.append(name, value);
  return String(params);
}

const FORM = 'application/x-www-form-urlencoded';

const isRepeatable = ({ method, repeatable = method === 'GET' || method === 'HEAD' }: HttpRequest): boolean =>
  repeatable;

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export interface ProbeOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly anyStatus?: boolean;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Absent: any of 200 to 399. */
  readonly status?: number | undefined;
  /** What the body has to hold, in its first MiB. */
  readonly body?: string | undefined;
}

const PROBED_BYTES_MAX = 1024 * 1024;

/** Why `url` does not answer as wanted; undefined: it does. Asked once. */
export async function probe(url: string, path: string, options: ProbeOptions): Promise<string | undefined> {
  const { timeoutMs, anyStatus = false, headers = {}, status: wanted, body: part } = options;
  const client = new HttpClient({ url, timeoutMs, headers, signal: options.signal, retryMs: 0 });
  await client.loaded();
  const ends = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? ends : AbortSignal.any([ends, options.signal]);
  try {
    const answer = await client.open({ method: 'GET', path, signal });
    const status = answer.statusCode ?? 0;
    const good = wanted === undefined ? status >= 200 && status < 400 : status === wanted;
    const text = good && part !== undefined ? await beginningOf(answer) : '';
    answer.destroy();
    if (!anyStatus && !good) return `it answers ${status}`;
    return text.includes(part ?? '') ? undefined : `its answer does not hold ${JSON.stringify(part)}`;
  } catch (failure) {
    if (ends.aborted && options.signal?.aborted !== true) return `no answer within ${timeoutMs / 1000} s`;
    if (!(failure instanceof NoAnswer)) throw failure;
    return failure.code === 'ECONNREFUSED' ? `nothing listens on port ${new URL(url).port}` : failure.message;
  } finally {
    client.close();
  }
}

async function beginningOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    if (text.length > PROBED_BYTES_MAX) break;
  }
  return Buffer.from(text, 'latin1').toString();
}
