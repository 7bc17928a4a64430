/** What `status` finds: how each part is, and how far data has come on its way. Health is judged here, drawn elsewhere. */

export type Health = 'good' | 'waiting' | 'bad';

/** One thing that data passes: a database, a connector, a topic, a query, a group, a table. */
export interface FlowNode {
  readonly name: string;
  /** `0 B behind`, `RUNNING 1/1`, `500 records`, `lag 0, 1 member`, `consistent 20 s ago`; empty: nothing to say. */
  readonly detail: string;
  readonly health: Health;
  /** What is on the arrow that leads here: `WAL`. */
  readonly via?: string | undefined;
}

/** A way from a source to a replica, in the order data takes. */
export type Flow = readonly FlowNode[];

export interface ComponentLine {
  readonly name: string;
  readonly health: Health;
  /** `running`, `restarting in 4 s`, `done`. */
  readonly state: string;
  /** `:9092`, or where it runs else. */
  readonly address?: string | undefined;
  readonly pid?: number | undefined;
  readonly restarts?: number | undefined;
  readonly uptimeMs?: number | undefined;
  /** How its last life ended, and the last line it wrote, where it is not well. */
  readonly lastError?: string | undefined;
  /** Proportional set size where the system tells it. */
  readonly memoryBytes?: number | undefined;
}

export interface StatusReport {
  readonly pipeline: string;
  readonly target: string;
  /** False where all that evpipe would run here is stopped. */
  readonly running: boolean;
  /** Since when the supervisor runs; absent where there is none. */
  readonly upMs?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly cpuPercent?: number | undefined;
  readonly components: readonly ComponentLine[];
  readonly flows: readonly Flow[];
  /** What is left out because it is optional and not there; sentences without a full stop. */
  readonly notes?: readonly string[] | undefined;
}
