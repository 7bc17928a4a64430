/** A status as the topic's field holds it: a number or a text. */
export type Status = string | number;

export interface TransitionRules {
  /** Legal steps from one status to the next; a repeated status is no step. */
  readonly transitions: ReadonlyArray<readonly [from: Status, to: Status]>;
  /** Where a key may stay. Everything else has to move on within `withinMs` of its last record. */
  readonly final: readonly Status[];
  readonly withinMs: number;
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
  /** illegal: a step that is not declared; unreadable: no status in the field; stuck: not final and too old. */
  readonly kind: 'illegal' | 'unreadable' | 'stuck';
  readonly detail: string;
}

/**
 * The state of every key of a status topic, folded from its records in order of their partition. A key begins at any status that some
 * transition starts from, or at a final one.
 */
export class TransitionFold {
  private readonly last = new Map<string, StatusRecord & { readonly status: Status }>();
  private readonly found: Violation[] = [];
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

  add(record: StatusRecord): void {
    const { key, status } = record;
    if (status === undefined) {
      this.found.push({
        key,
        kind: 'unreadable',
        detail: `partition ${record.partition} offset ${record.offset} has no status`,
      });
      return;
    }
    const before = this.last.get(key)?.status;
    this.last.set(key, { ...record, status });
    if (before === undefined) {
      if (this.starts.size > 0 && !this.starts.has(String(status))) {
        this.found.push({ key, kind: 'illegal', detail: `begins at ${status}` });
      }
    } else if (before !== status && !this.legal.has(`${before} → ${status}`)) {
      this.found.push({ key, kind: 'illegal', detail: `${before} → ${status}` });
    }
  }

  get keys(): number {
    return this.last.size;
  }

  get illegal(): readonly Violation[] {
    return this.found;
  }

  /** Keys that are not final: on their way while young, stuck when older than the rule allows. */
  open(nowMs: number): { readonly underWay: number; readonly stuck: readonly Violation[] } {
    const stuck: Violation[] = [];
    let underWay = 0;
    for (const { key, status, timestampMs } of this.last.values()) {
      if (this.final.has(String(status))) continue;
      const ageMs = nowMs - timestampMs;
      if (ageMs < this.rules.withinMs) underWay += 1;
      else stuck.push({ key, kind: 'stuck', detail: `at ${status} for ${Math.round(ageMs / 1000)} s` });
    }
    return { underWay, stuck };
  }
}
