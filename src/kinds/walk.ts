import { setMaxListeners } from 'node:events';
import { EvpipeError, messageOf, type SourceLocation } from '../support/errors.js';
import type { ComponentId } from '../targets/component.js';
import type { Emit, Failure, StepId } from './events.js';
import type { Change } from './resource.js';

/** What a node says while it works. */
export interface NodeReport {
  waitingFor(what: string): void;
  progress(label: string, done: number, total: number): void;
  readonly signal: AbortSignal;
}

export interface NodeOutcome {
  readonly changed: boolean;
  /** One or a few words for the step's line: "3 databases", ":9092". Nodes of one step are joined by commas, in node order. */
  readonly detail?: string | undefined;
  /** The work is done, and has shown that something is wrong. */
  readonly wrong?: boolean;
}

/** One piece of work: it begins when all it needs is done. */
export interface Node {
  readonly id: string;
  readonly step: StepId;
  readonly needs: readonly string[];
  /** Nodes that need this one, without saying so themselves. Those that are not part of the walk are left out. */
  readonly before?: readonly string[];
  run(report: NodeReport): Promise<NodeOutcome>;
  /** What `plan` shows of it; absent where the work is no declared thing that can be compared. */
  readonly plans?: readonly Planned[];
}

/** A declared thing as `plan` compares it. */
export interface Planned {
  /** `topic`, as messages say it. */
  readonly kind: string;
  readonly name: string;
  /** Where it lives: it is compared only where that runs. Absent: it needs no server. */
  readonly component?: ComponentId;
  readonly location?: SourceLocation | undefined;
  /** Only observes. [] is in sync. */
  compare(): Promise<{ readonly isNew: boolean; readonly changes: readonly Change[] }>;
  /**
   * The changes with what would go wrong in them, as far as that can be tried out; where its server does not run, only that.
   * Leaves nothing behind.
   */
  foresee?(changes: readonly Change[] | 'not running', options: ForeseeOptions): Promise<readonly Change[]>;
}

export interface ForeseeOptions {
  /** Servers with an address may be tried on too, as far as they take it back. */
  readonly onServers: boolean;
}

export interface WalkResult {
  readonly changed: boolean;
  /** The first failure, which ended the walk. */
  readonly failure: { readonly step: StepId; readonly cause: unknown } | undefined;
  /** What still waited for something when the walk failed. */
  readonly unfinished: readonly Unfinished[];
}

export interface Unfinished {
  readonly id: string;
  readonly waitingFor: string;
}

/**
 * Runs the graph: every node as soon as its needs are done, many at once. After the first failure nothing new is
 * started and what still works is told to end by its signal; what was started stays as it is. Throws only on a graph that cannot
 * be walked (a defect) and on an aborted outer signal, after every running node has ended.
 */
export async function walk(nodes: readonly Node[], context: { emit: Emit; signal: AbortSignal }): Promise<WalkResult> {
  const steps = new Steps(nodes, context.emit);
  const known = new Set(nodes.map((node) => node.id));
  for (const node of nodes) {
    const unknown = node.needs.find((need) => !known.has(need));
    if (unknown !== undefined) throw new Error(`${node.id} needs ${unknown}, which is not part of the graph`);
  }
  const halt = new AbortController();
  const signal = AbortSignal.any([context.signal, halt.signal]);
  setMaxListeners(0, signal);
  const done = new Set<string>();
  const waiting = new Set(nodes);
  const running = new Map<Node, Promise<void>>();
  let failure: WalkResult['failure'];
  let unfinished: readonly Unfinished[] = [];
  let changed = false;

  const runOne = async (node: Node): Promise<void> => {
    steps.begin(node);
    try {
      const outcome = await node.run(steps.reportOf(node, signal));
      changed ||= outcome.changed;
      done.add(node.id);
      steps.end(node, outcome);
    } catch (cause) {
      if (failure === undefined && !signal.aborted) {
        failure = { step: node.step, cause };
        unfinished = steps.waitsOf([...running.keys()].filter((one) => one !== node));
        steps.fail(node, cause);
        halt.abort(cause);
      }
    } finally {
      running.delete(node);
    }
  };

  for (;;) {
    if (!signal.aborted) {
      for (const node of waiting) {
        if (!node.needs.every((need) => done.has(need))) continue;
        waiting.delete(node);
        running.set(node, runOne(node));
      }
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  context.signal.throwIfAborted();
  if (failure === undefined && waiting.size > 0) {
    throw new Error(`these wait for each other: ${[...waiting].map((node) => node.id).join(', ')}`);
  }
  return { changed, failure, unfinished };
}

export function failureOf(cause: unknown): Failure {
  if (!(cause instanceof EvpipeError)) return { code: 'EVPIPE_DEFECT', message: messageOf(cause) };
  return {
    code: cause.code,
    message: cause.message,
    ...(cause.todo === undefined ? {} : { todo: cause.todo }),
    ...(cause.location === undefined ? {} : { location: cause.location }),
  };
}

/** Folds the nodes of one step into the events of one line. */
class Steps {
  private readonly left = new Map<StepId, number>();
  private readonly startedMs = new Map<StepId, number>();
  private readonly outcomes = new Map<string, NodeOutcome>();
  private readonly waits = new Map<StepId, Map<string, string>>();

  constructor(
    private readonly nodes: readonly Node[],
    private readonly emit: Emit,
  ) {
    for (const node of nodes) this.left.set(node.step, (this.left.get(node.step) ?? 0) + 1);
  }

  begin({ step }: Node): void {
    if (this.startedMs.has(step)) return;
    this.startedMs.set(step, performance.now());
    this.emit({ kind: 'step-started', step });
  }

  reportOf({ id, step }: Node, signal: AbortSignal): NodeReport {
    return {
      signal,
      waitingFor: (what) => {
        const waits = this.waits.get(step) ?? new Map<string, string>();
        this.waits.set(step, waits);
        if (waits.get(id) === what) return;
        waits.set(id, what);
        this.emit({ kind: 'step-waiting', step, waitingFor: what });
      },
      progress: (label, done, total) => this.emit({ kind: 'step-progress', step, label, done, total }),
    };
  }

  waitsOf(nodes: readonly Node[]): readonly Unfinished[] {
    return nodes.flatMap(({ id, step }) => {
      const waitingFor = this.waits.get(step)?.get(id);
      return waitingFor === undefined ? [] : [{ id, waitingFor }];
    });
  }

  end({ id, step }: Node, outcome: NodeOutcome): void {
    this.outcomes.set(id, outcome);
    const waits = this.waits.get(step);
    waits?.delete(id);
    const left = (this.left.get(step) ?? 0) - 1;
    this.left.set(step, left);
    if (left > 0) {
      const other = waits === undefined ? undefined : [...waits.values()].at(-1);
      if (other !== undefined) this.emit({ kind: 'step-waiting', step, waitingFor: other });
      return;
    }
    const outcomes = this.nodes.filter((node) => node.step === step).map((node) => this.outcomes.get(node.id));
    this.emit({
      kind: 'step-done',
      step,
      detail: outcomes.flatMap((one) => (one?.detail === undefined ? [] : [one.detail])).join(', '),
      elapsedMs: this.elapsedMs(step),
      changed: outcomes.some((one) => one?.changed === true),
      ...(outcomes.some((one) => one?.wrong === true) ? { wrong: true } : {}),
    });
  }

  fail({ step }: Node, cause: unknown): void {
    this.emit({ kind: 'step-failed', step, failure: failureOf(cause), elapsedMs: this.elapsedMs(step) });
  }

  private elapsedMs(step: StepId): number {
    return performance.now() - (this.startedMs.get(step) ?? performance.now());
  }
}
