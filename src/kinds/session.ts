import type { Pipeline, ReferenceValues } from '../pipeline/pipeline.js';
import { Lifetime } from '../support/lifetime.js';
import { Liveness, type LivenessQuestion } from '../support/liveness.js';
import type { Log } from '../support/log.js';
import { hiding, secretsIn } from '../support/masked.js';
import { type ComponentId, componentKey, type Faces, type Launch, type LaunchOf } from '../targets/component.js';
import { type HostCommand, type HostCommandEnd, runHostCommand } from '../targets/host-command.js';
import { openTarget } from '../targets/open.js';
import type { Holder } from '../targets/roles.js';
import { PipelineSecrets } from '../targets/secrets.js';
import { checkStateFormat } from '../targets/state-format.js';
import type { Target, TargetInput } from '../targets/target.js';
import { Clients } from './clients.js';
import type { Emit, OperationEvent } from './events.js';
import { componentsOf, type Kind } from './kind.js';
import { type Ledger, type LedgerView, openLedger, readLedger } from './ledger/ledger.js';
import { referenceValues } from './reference-values.js';

/** What every operation works with: the pipeline, its target, clients of what runs, and a way to say what happens. */
export interface Session {
  readonly pipeline: Pipeline;
  readonly kinds: readonly Kind[];
  readonly target: Target;
  readonly clients: Clients;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** How long one thing may take to become ready. */
  readonly timeoutMs: number;
  /** What others have made and the file declares is taken over. */
  readonly adopts: boolean;
  /** Everything `$(…)` means by now to a reader of this face, with the logins that are its own. */
  references(face: keyof Faces<unknown>, holder: Holder): Promise<ReferenceValues>;
  /** Starts a component and emits notes of what happened to it, each once. True where it was not running like this already. */
  start(component: ComponentId, launch?: Launch): Promise<boolean>;
  /** Runs a command of this host to its end; its log is beside those of services. */
  run(command: HostCommand): Promise<HostCommandEnd>;
  /** What this pipeline has made; opened once. */
  ledger(): Promise<Ledger>;
  /** The same to look at: nothing is made where it is missing. */
  noted(): Promise<LedgerView>;
  /** Hides the secrets that evpipe itself has handed out, or was given, in what programs write. */
  hide(text: string): string;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly kinds: readonly Kind[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  readonly adopts?: boolean;
  /** It works for a long time: a server that is only held up must not end it. */
  readonly waitsForSilent?: boolean;
}

const READY_TIMEOUT_MS = 60_000;
/** How long a server that answered before may be held up, at most. */
const PATIENCE_MS = 15_000;

export function openSession(pipeline: Pipeline, options: SessionOptions): Session {
  const lifetime = new Lifetime();
  const { kinds, env, log, emit, signal } = options;
  const { stateFolder } = pipeline;
  checkStateFormat(stateFolder);
  const target = openTarget(targetInput(pipeline, kinds), { stateFolder, env, log, signal });
  lifetime.onEnd(() => target.close());
  const timeoutMs = options.timeoutMs ?? READY_TIMEOUT_MS;
  const patienceMs = options.waitsForSilent === true ? Math.min(PATIENCE_MS, timeoutMs / 4) : 0;
  const liveness = new Liveness({ patienceMs, waiting: (question) => emit(silenceNote(question, patienceMs)) });
  const clients = new Clients(target, lifetime, signal, liveness);
  let ledger: Promise<Ledger> | undefined;
  let noted: Promise<LedgerView> | undefined;
  const said = new Set<string>();
  const place = { pipeline, kinds, target, clients, emit };
  return {
    pipeline,
    kinds,
    target,
    emit,
    signal,
    timeoutMs,
    clients,
    adopts: options.adopts === true,
    references: (face, holder) => referenceValues(pipeline, kinds, target, face, holder),
    start: async (component, launch) => {
      clients.patient = true;
      const { notes, changed } = await target.start(component, launch as LaunchOf<'service'>);
      // Databases share a server, and with it what there is to say of its start.
      for (const message of notes.filter((note) => !said.has(note))) {
        said.add(message);
        emit({ kind: 'note', level: 'info', message });
      }
      return changed;
    },
    run: (command) => runHostCommand(command, { stateFolder, env }),
    ledger: () => {
      ledger ??= openLedger(place);
      return ledger;
    },
    noted: () => {
      if (ledger !== undefined) return ledger;
      noted ??= readLedger(place);
      return noted;
    },
    hide: hider(pipeline, kinds, env),
    close: () => lifetime.end(),
  };
}

/** What is handed out while logs are followed is hidden soon after. */
const HIDDEN_AGAIN_MS = 1_000;

function hider(pipeline: Pipeline, kinds: readonly Kind[], env: SessionOptions['env']): (text: string) => string {
  const secrets = new PipelineSecrets(pipeline.stateFolder);
  let made: { readonly hide: (text: string) => string; readonly atMs: number } | undefined;
  const make = (): ((text: string) => string) => {
    const addresses = Object.entries(env).filter(([name]) => name.startsWith('EVPIPE_'));
    const environments = kinds.flatMap((kind) => kind.environments?.(pipeline) ?? []);
    const given = secretsIn([pipeline, environments, Object.fromEntries(addresses)]);
    return hiding([...given, ...secrets.handedOut()]);
  };
  return (text) => {
    if (made === undefined || performance.now() - made.atMs > HIDDEN_AGAIN_MS)
      made = { hide: make(), atMs: performance.now() };
    return made.hide(text);
  };
}

function silenceNote({ protocol, host, port }: LivenessQuestion, patienceMs: number): OperationEvent {
  const message = `the server at ${host}:${port} (${protocol}) has stopped answering; it is waited for, up to ${patienceMs / 1000} s`;
  return { kind: 'note', level: 'warning', message };
}

export function targetInput(pipeline: Pipeline, kinds: readonly Kind[]): TargetInput {
  const { name, file, folder, target } = pipeline;
  const components = new Map(
    componentsOf(pipeline, kinds).map(({ component }) => [componentKey(component), component]),
  );
  return { pipeline: name, file, folder, target, components: [...components.values()] };
}
