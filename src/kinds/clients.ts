import { EvpipeError } from '../support/errors.js';
import type { Lifetime } from '../support/lifetime.js';
import type { Liveness, Silence } from '../support/liveness.js';
import { pause } from '../support/retry.js';
import {
  type ComponentId,
  type ComponentKind,
  componentKey,
  type Endpoint,
  type EndpointOf,
} from '../targets/component.js';
import type { Target } from '../targets/target.js';
import { placeOf, questionsOf, silenceAt } from './liveness.js';

/** For the first sign of life. A server that accepts and never answers must not hold back what the others say. */
const ANSWER_MS = 4_000;
/** For one that was silent before: many things may ask for the same server in turn. */
const ANSWER_AGAIN_MS = 500;
/** For a server that is being restarted, where the command itself starts servers. */
const COMES_BACK_MS = 20_000;
const ABSENT_PAUSE_MS = 100;
/** A server that has just answered is not asked again before a client is made: what falls silent from then on, the client notices. */
const JUST_ANSWERED_MS = 500;

/**
 * What clients of whatever the target runs are made with; each kind has its own in its client.ts, loaded when it is first asked
 * for. A server has to show a sign of life first: this is where every command's wait for one that is stopped, dead or hung ends.
 */
export class Clients {
  private readonly made = new Map<string, Promise<unknown>>();
  private readonly asked = new Map<string, Promise<Silence | undefined>>();
  private readonly silent = new Set<string>();
  /** When each answered last: what falls silent after it may only be held up. */
  private readonly answeredMs = new Map<string, number>();
  /** The command starts servers, so one that is absent may be coming. */
  patient = false;

  constructor(
    readonly target: Target,
    private readonly lifetime: Lifetime,
    readonly signal: AbortSignal,
    readonly liveness: Liveness,
  ) {}

  /** A client of its own for the caller; closed with the session at the latest. */
  closing<Client extends { close(): void | Promise<void> }>(client: Client): Client {
    this.lifetime.onEnd(() => client.close());
    return client;
  }

  /** Throws EVPIPE_NOT_RUNNING (kind unreachable) where the component does not run, EVPIPE_NOT_DECLARED (kind usage) where the pipeline has none. */
  async endpoint<K extends ComponentKind>(
    component: ComponentId<K>,
  ): Promise<{ host: EndpointOf<K>; inside: EndpointOf<K> }> {
    const faces = await this.target.endpoint(component);
    if (faces !== undefined) {
      const silence = this.hasJustAnswered(component, faces.host)
        ? undefined
        : await this.silence(component, faces.host);
      if (silence === undefined) return faces;
      throw this.silentError(component, faces.host, silence);
    }
    const declared = (await this.target.status()).some(({ components }) =>
      components.some(({ kind, name }) => kind === component.kind && name === component.name),
    );
    if (!declared) {
      throw new EvpipeError('EVPIPE_NOT_DECLARED', `this pipeline has no ${componentKey(component)}`, {
        kind: 'usage',
        todo: '`evpipe status` lists what it has.',
      });
    }
    throw new EvpipeError('EVPIPE_NOT_RUNNING', `${componentKey(component)} is not running`, {
      kind: 'unreachable',
      todo: 'Start the pipeline with `evpipe up`; `evpipe status` shows what is running.',
    });
  }

  /** Why a component that runs or has an address does not answer; undefined: it does, or there is nothing to ask. */
  async silence(component: ComponentId, endpoint: Endpoint): Promise<Silence | undefined> {
    const key = serverKey(component, endpoint);
    const asking = this.asked.get(key) ?? this.ask(component, endpoint);
    this.asked.set(key, asking);
    try {
      return await asking;
    } finally {
      this.asked.delete(key);
    }
  }

  private hasJustAnswered(component: ComponentId, endpoint: Endpoint): boolean {
    const answeredMs = this.answeredMs.get(serverKey(component, endpoint));
    return answeredMs !== undefined && performance.now() - answeredMs < JUST_ANSWERED_MS;
  }

  private async ask(component: ComponentId, endpoint: Endpoint): Promise<Silence | undefined> {
    const key = serverKey(component, endpoint);
    const mayCome = this.patient && this.target.providerOf(component) !== 'address';
    const answerMs = this.silent.has(key) ? ANSWER_AGAIN_MS : ANSWER_MS;
    const startedMs = performance.now();
    const absentUntilMs = startedMs + (mayCome ? COMES_BACK_MS : answerMs);
    for (;;) {
      const silence = await silenceAt(endpoint, answerMs, this.signal);
      if (silence === undefined) {
        this.silent.delete(key);
        this.answeredMs.set(key, performance.now());
        return undefined;
      }
      this.silent.add(key);
      const [question] = questionsOf(endpoint);
      const waitsOn =
        silence.kind === 'silent'
          ? question !== undefined && this.answeredMs.has(key) && this.liveness.waitsOn(question, startedMs)
          : performance.now() + ABSENT_PAUSE_MS <= absentUntilMs;
      if (!waitsOn) return silence;
      await pause(ABSENT_PAUSE_MS, this.signal);
    }
  }

  private silentError(component: ComponentId, endpoint: Endpoint, silence: Silence): EvpipeError {
    const isForeign = this.target.providerOf(component) === 'address';
    const [code, why] =
      silence.kind === 'silent'
        ? (['EVPIPE_SILENT', 'accepts connections but does not answer'] as const)
        : (['EVPIPE_UNREACHABLE', `can't be reached: ${silence.why}`] as const);
    return new EvpipeError(code, `${componentKey(component)} at ${placeOf(endpoint)} ${why}`, {
      kind: 'unreachable',
      todo: isForeign
        ? 'Check that it runs and that the address is right.'
        : 'It is stopped, overloaded or being restarted: see `evpipe status` and `evpipe logs`.',
    });
  }

  /** What is made when it is first asked for, and again after a failure; `key` is its alone. */
  once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.made.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const making = make();
    this.made.set(key, making);
    making.catch(() => this.made.delete(key));
    return making;
  }
}

/** The databases of one server are asked for as one. */
const serverKey = (component: ComponentId, endpoint: Endpoint): string =>
  questionsOf(endpoint)
    .map(({ protocol, host, port }) => `${protocol} ${host}:${port}`)
    .join() || componentKey(component);
