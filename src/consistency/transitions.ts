/** A status as the topic's field holds it: a number or a text. */
export type Status = string | number;

export interface TransitionRules {
  /** Legal steps from one status to the next; a repeated status is no step. */
  readonly transitions: ReadonlyArray<readonly [from: Status, to: Status]>;
  /** Where a key may stay. Everything else has to move on within `withinMs` of its last record. */
  readonly final: readonly Status[];
  readonly withinMs: number;
  /**
   * `arrival` (default): as the records of a key lie in their partition. `time`: by their timestamps, where several writers
   * report on one key and none waits for the others: then a step counts as illegal only once the key is older than
   * `withinMs`, since what makes it legal may still arrive.
   */
  readonly order?: 'arrival' | 'time';
  /** A status reached at two times is a violation. A record of the same status and time was only sent again. */
  readonly once?: boolean;
}

export interface StatusRecord {
  readonly key: string;
  readonly status: Status | undefined;
  readonly timestampMs: number;
  readonly partition: number;
  readonly offset: bigint;
}

export interface Violation {
  readonly key: string;
  /** illegal: a step that is not declared; repeated: a status reached twice; unreadable: no status in the field; stuck: not final and too old. */
  readonly kind: 'illegal' | 'repeated' | 'unreadable' | 'stuck';
  readonly detail: string;
  /** Of a stuck key: where it is. */
  readonly status?: Status;
}

interface Step {
  readonly status: Status;
  readonly timestampMs: number;
}

/**
 * The steps of every key of a status topic. A key begins at any status that transitions start from and none leads to. Records
 * that say what the last one said are not kept.
 */
export class TransitionFold {
  private readonly steps = new Map<string, Step[]>();
  private readonly unreadable: Violation[] = [];
  private readonly legal: ReadonlySet<string>;
  private readonly starts: ReadonlySet<string>;
  private readonly final: ReadonlySet<string>;

  constructor(private readonly rules: TransitionRules) {
    this.legal = new Set(rules.transitions.map(([from, to]) => `${from} → ${to}`));
    const targets = new Set(rules.transitions.map(([, to]) => String(to)));
    const sources = rules.transitions.map(([from]) => String(from));
    this.starts = new Set(sources.filter((from) => !targets.has(from)));
    this.final = new Set(rules.final.map(String));
  }

  add({ key, status, timestampMs, partition, offset }: StatusRecord): void {
    if (status === undefined) {
      this.unreadable.push({
        key,
        kind: 'unreadable',
        detail: `partition ${partition} offset ${offset} has no status`,
      });
      return;
    }
    const steps = this.steps.get(key);
    if (steps === undefined) {
      this.steps.set(key, [{ status, timestampMs }]);
      return;
    }
    const { order, once } = this.rules;
    const sentAgain = steps.some((step) => step.status === status && step.timestampMs === timestampMs);
    if (sentAgain && (order === 'time' || once === true)) return;
    const stays = order !== 'time' && once !== true && steps.at(-1)?.status === status;
    steps.splice(stays ? -1 : steps.length, stays ? 1 : 0, { status, timestampMs });
  }

  get keys(): number {
    return this.steps.size;
  }

  /** The last status of every key. */
  last(): ReadonlyMap<string, Status> {
    return new Map([...this.inOrder()].map(([key, steps]) => [key, steps.at(-1)?.status ?? '']));
  }

  /** All that is wrong with what was read, however young. */
  get illegal(): readonly Violation[] {
    return [...this.unreadable, ...[...this.inOrder()].flatMap(([key, steps]) => this.wrongSteps(key, steps))];
  }

  /**
   * Keys that are not final: on their way while young, stuck when older than the rule allows. `among`: these alone are on their
   * way, so that an end comes though others always are.
   */
  open(
    nowMs: number,
    among?: ReadonlySet<string>,
  ): { readonly underWay: number; readonly stuck: readonly Violation[] } {
    const stuck: Violation[] = [];
    let underWay = 0;
    for (const [key, steps] of this.inOrder()) {
      const last = steps.at(-1);
      if (last === undefined) continue;
      const { status, timestampMs } = last;
      const ageMs = nowMs - timestampMs;
      const young = ageMs < this.rules.withinMs;
      if (young && among?.has(key) === false) continue;
      if (this.final.has(String(status))) {
        // What makes its steps legal may still be on its way from another writer.
        if (young && this.rules.order === 'time' && this.wrongSteps(key, steps).length > 0) underWay += 1;
      } else if (young) underWay += 1;
      else stuck.push({ key, kind: 'stuck', detail: `at ${status} for ${Math.round(ageMs / 1000)} s`, status });
    }
    return { underWay, stuck };
  }

  private *inOrder(): Iterable<readonly [key: string, steps: readonly Step[]]> {
    for (const [key, steps] of this.steps) {
      yield [key, this.rules.order === 'time' ? steps.toSorted((a, b) => a.timestampMs - b.timestampMs) : steps];
    }
  }

  private wrongSteps(key: string, steps: readonly Step[]): readonly Violation[] {
    const found: Violation[] = [];
    const [first] = steps;
    if (first !== undefined && this.starts.size > 0 && !this.starts.has(String(first.status)))
      found.push({ key, kind: 'illegal', detail: `begins at ${first.status}` });
    for (const [index, { status }] of steps.entries()) {
      const before = steps[index - 1]?.status;
      if (before === undefined || before === status || this.legal.has(`${before} → ${status}`)) continue;
      found.push({ key, kind: 'illegal', detail: `${before} → ${status}` });
    }
    if (this.rules.once === true) {
      const times = new Map<Status, number>();
      for (const { status } of steps) times.set(status, (times.get(status) ?? 0) + 1);
      for (const [status, count] of times)
        if (count > 1) found.push({ key, kind: 'repeated', detail: `${status} reached ${count} times` });
    }
    return found;
  }
}
