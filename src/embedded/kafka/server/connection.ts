import type { Socket } from 'node:net';
import {
  decodeRequest,
  decodeRequestHeader,
  encodeResponse,
  type RequestHeader,
} from '../../../protocol/kafka/codec.js';
import { errorCode } from '../../../protocol/kafka/errors.js';
import { MalformedMessage } from '../../../protocol/kafka/malformed.js';
import { Reader } from '../../../protocol/kafka/reader.js';
import type { Struct } from '../../../protocol/kafka/schema.js';
import type { Part } from '../../../protocol/kafka/writer.js';
import { ACCESS_RULE_BY_KEY } from '../access/table.js';
import type { Broker } from '../broker.js';
import type { KafkaFault } from '../faults/faults.js';
import { refusal } from '../faults/refusal.js';
import { unsupportedApiVersions } from '../requests/api-versions.js';
import type { Handler } from '../requests/handler.js';
import { HANDLER_BY_KEY, HANDLERS } from '../requests/table.js';
import type { SaslSession } from '../security/sasl-session.js';
import { type Call, type ListenerAddress, type Peer, throttled } from './call.js';
import { FrameInput, type FrameMemory } from './frame-input.js';
import { releaseAll, SocketOutput } from './socket-output.js';

/** Requests that wait for the one before them: beyond this the socket is not read. */
const QUEUED_BYTES_MAX = 1024 * 1024;
const QUEUED_FRAMES_MAX = 100;

const API_VERSIONS_KEY = 18;

/** What a client may ask before it has logged in: ApiVersions, SaslHandshake, SaslAuthenticate. */
const BEFORE_LOGIN: ReadonlySet<number> = new Set([API_VERSIONS_KEY, 17, 36]);

/**
 * One client. Its requests are answered one after the other, in their order, as Kafka does; while an answer waits for
 * a slow reader or for data, nothing more is read than fits the queue. What a client sent before it went is carried out
 * all the same (a producer with acks=0 leaves without waiting). Whatever makes no sense ends this connection and
 * nothing else.
 */
export class Connection implements Peer {
  readonly host: string;
  sasl: SaslSession | undefined;
  bareSasl = false;
  private closing = false;
  private readonly input: FrameInput;
  private readonly output: SocketOutput;
  private readonly queue: Buffer[] = [];
  private queuedBytes = 0;
  private busy = false;
  /** Nothing can be sent any more. */
  private closed = false;
  /** By this side: what is still under way or queued is of no interest. */
  private destroyed = false;
  /** Answers are thrown away: the connection is about to end by a fault. */
  private muted = false;
  /** For which nothing more is read, once the request under way was answered. */
  private throttleMs = 0;
  private readonly closeCallbacks = new Set<() => void>();

  constructor(
    private readonly broker: Broker,
    private readonly socket: Socket,
    readonly listener: ListenerAddress,
    memory: FrameMemory,
    /** Of the client's certificate. */
    public principal: string | undefined,
  ) {
    this.host = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    socket.setNoDelay(true);
    socket.setTimeout(broker.settings.number('connections.max.idle.ms'), () => this.destroy());
    this.input = new FrameInput(
      broker.settings.number('socket.request.max.bytes'),
      memory,
      (frame) => this.enqueue(frame),
      () => this.destroy(),
    );
    this.output = new SocketOutput(socket);
    socket.on('data', (chunk) => this.output.together(() => this.input.receive(chunk)));
    socket.on('error', () => {}); // a reset connection is a client's business; its close follows
    socket.on('close', () => this.ended());
  }

  onClose(callback: () => void): () => void {
    if (this.closed) {
      callback();
      return () => {};
    }
    this.closeCallbacks.add(callback);
    return () => this.closeCallbacks.delete(callback);
  }

  throttle(ms: number): void {
    this.throttleMs = Math.max(this.throttleMs, ms);
  }

  closeAfterAnswer(): void {
    this.closing = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.queue.length = 0;
    this.socket.destroy();
    this.ended();
  }

  private ended(): void {
    if (this.closed) return;
    this.closed = true;
    this.input.end();
    for (const callback of this.closeCallbacks) callback();
    this.closeCallbacks.clear();
  }

  private enqueue(frame: Buffer): void {
    if (this.closed) return;
    if (!this.busy) {
      this.process(frame);
      return;
    }
    this.queue.push(frame);
    this.queuedBytes += frame.length;
    if (this.queuedBytes > QUEUED_BYTES_MAX || this.queue.length > QUEUED_FRAMES_MAX) this.socket.pause();
  }

  private process(first: Buffer): void {
    let frame: Buffer | undefined = first;
    while (frame !== undefined) {
      const pending = this.throttled(this.answer(frame));
      if (pending !== undefined) {
        this.busy = true;
        pending.then(
          () => this.resume(),
          (failure) => this.fail(failure),
        );
        return;
      }
      frame = this.next();
    }
  }

  /** The same, and then the time that the client is throttled for. */
  private throttled(answered: Promise<void> | undefined): Promise<void> | undefined {
    if (answered !== undefined) return answered.then(() => this.throttled(undefined));
    const ms = this.throttleMs;
    this.throttleMs = 0;
    return ms === 0 ? undefined : this.pause(ms);
  }

  /** Ends early where the connection does. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.broker.clock.schedule(ms, () => {
        forget();
        resolve();
      });
      const forget = this.onClose(() => {
        stop();
        resolve();
      });
    });
  }

  private next(): Buffer | undefined {
    const frame = this.queue.shift();
    if (frame === undefined) return undefined;
    this.queuedBytes -= frame.length;
    if (this.socket.isPaused() && this.queuedBytes <= QUEUED_BYTES_MAX / 2) this.socket.resume();
    return frame;
  }

  private resume(): void {
    this.busy = false;
    const frame = this.next();
    if (frame !== undefined) this.output.together(() => this.process(frame));
  }

  private fail(failure: unknown): void {
    if (this.destroyed) return;
    if (failure instanceof MalformedMessage) {
      this.broker.log.info('closed a connection that sent no valid request', {
        client: this.host,
        why: failure.message,
      });
    } else {
      const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      this.broker.log.error('a request failed', { client: this.host, failure: text });
    }
    this.destroy();
  }

  /** Undefined where the answer was handed to the socket already. */
  private answer(frame: Buffer): Promise<void> | undefined {
    try {
      if (this.bareSasl) return this.login(frame);
      const reader = new Reader(frame);
      const header = decodeRequestHeader(reader);
      const handler = HANDLER_BY_KEY.get(header.apiKey);
      if (handler === undefined) throw new MalformedMessage(`unknown request ${header.apiKey}`);
      if (this.listener.sasl !== undefined && this.principal === undefined && !BEFORE_LOGIN.has(header.apiKey)) {
        throw new MalformedMessage(`${handler.api.name} before authentication`);
      }
      const { apiVersion } = header;
      if (apiVersion < handler.versions[0] || apiVersion > handler.versions[1]) {
        if (header.apiKey !== API_VERSIONS_KEY) {
          throw new MalformedMessage(`${handler.api.name} has no version ${apiVersion}`);
        }
        return this.send(unsupportedApiVersions(header.correlationId));
      }
      return this.handle(handler, header, decodeRequest(handler.api, apiVersion, reader));
    } catch (failure) {
      this.fail(failure);
      return undefined;
    }
  }

  /** Of a client that sends its login without requests: all that can be done is to close the connection. */
  private login(message: Buffer): Promise<void> | undefined {
    const step = this.sasl?.step(message);
    if (step === undefined || step.kind === 'failed') {
      this.broker.log.warn('refused a login', { client: this.host, why: step?.message });
      this.destroy();
      return undefined;
    }
    if (step.kind === 'done') {
      this.principal = `User:${step.user}`;
      this.sasl = undefined;
      this.bareSasl = false;
    }
    const size = Buffer.alloc(4);
    size.writeInt32BE(step.bytes.length);
    return this.send([Buffer.concat([size, step.bytes])]);
  }

  private handle(handler: Handler, header: RequestHeader, request: Struct): Promise<void> | undefined {
    const fault = this.broker.faults.take(handler.api.name, header.clientId ?? '');
    return fault === undefined
      ? this.carryOut(handler, header, request)
      : this.handleWithFault(fault, handler, header, request);
  }

  private async handleWithFault(
    { delayMs = 0, error, disconnect }: KafkaFault,
    handler: Handler,
    header: RequestHeader,
    request: Struct,
  ): Promise<void> {
    const { api } = handler;
    if (delayMs > 0) await this.pause(delayMs);
    if (disconnect === 'before') return this.destroy();
    const refused = error === undefined ? undefined : refusal(api, header.apiVersion, request, errorCode(error));
    // A produce with acks=0 has no answer that could tell: as in Kafka its connection ends.
    if (error !== undefined && (refused === undefined || request.acks === 0)) return this.destroy();
    if (disconnect === 'after') this.muted = true;
    await (refused === undefined
      ? this.carryOut(handler, header, request)
      : this.send(encodeResponse(api, header.apiVersion, header.correlationId, refused)));
    if (disconnect === 'after') this.destroy();
  }

  private carryOut(handler: Handler, header: RequestHeader, request: Struct): Promise<void> | undefined {
    const { apiVersion: version, correlationId } = header;
    const call = { broker: this.broker, peer: this, version, clientId: header.clientId ?? '', handlers: HANDLERS };
    const measured = this.broker.quotas.limitsRequests ? performance.now() : undefined;
    const answer =
      measured === undefined ? authorized(handler, request, call) : timed(handler, request, call, measured);
    if (answer instanceof Promise) {
      return answer.then((value) =>
        value === undefined ? undefined : this.send(encodeResponse(handler.api, version, correlationId, value)),
      );
    }
    return answer === undefined ? undefined : this.send(encodeResponse(handler.api, version, correlationId, answer));
  }

  /** Undefined where there is nothing to wait for before the next request. */
  private send(parts: readonly Part[]): Promise<void> | undefined {
    if (this.closed || this.muted) releaseAll(parts);
    else if (this.closing) this.output.end(parts);
    else return this.output.send(parts);
    return undefined;
  }
}

type Answer = ReturnType<Handler['handle']>;

/** What the client may not ask for is refused, and never reaches the handler. */
function authorized(handler: Handler, request: Struct, call: Call): Answer {
  const carriedOut = (allowed: Struct): Answer => handler.handle(allowed, call);
  const rule = call.broker.authorizer === undefined ? undefined : ACCESS_RULE_BY_KEY.get(handler.api.key);
  if (rule === undefined) return carriedOut(request);
  return rule.guard({ api: handler.api, request, call }, carriedOut);
}

/** Percents of a second's CPU. */
const PERCENT_PER_MS = 0.1;

/** The same where clients have a quota of requests (KIP-124): the time that it took counts, without what it waits for. */
function timed(handler: Handler, request: Struct, call: Call, startedMs: number): Answer {
  const answer = authorized(handler, request, call);
  const usedMs = performance.now() - startedMs;
  const windowMs = call.broker.settings.number('quota.window.size.seconds') * 1000;
  const throttleTimeMs = Math.min(windowMs, throttled(call, 'request_percentage', usedMs * PERCENT_PER_MS));
  if (throttleTimeMs === 0) return answer;
  const told = (given: { readonly throttleTimeMs?: number } | undefined) => {
    if (given === undefined) return undefined;
    const { throttleTimeMs: already = 0 } = given;
    return { ...given, throttleTimeMs: Math.max(already, throttleTimeMs) };
  };
  return answer instanceof Promise ? answer.then(told) : told(answer);
}
