import type { CheckReport } from '../../kinds/events.js';
import type { ComponentLine, StatusReport } from '../../kinds/status-report.js';
import type { TailSource } from '../../operations/tail/record.js';
import type { HealthRow } from '../text/health-table.js';
import type { Line } from '../text/line.js';

interface NamedRow extends HealthRow {
  readonly name: string;
}

export interface TopicLine extends NamedRow {
  readonly partitions: number;
  /** Between the first and the last offset. */
  readonly records: bigint;
  /** Undefined until it was looked at twice. */
  readonly perSecond?: number | undefined;
}

export interface ConnectorLine extends NamedRow {
  /** `RUNNING`, `PAUSED`, `not there`. */
  readonly state: string;
  /** `1/1`: running ones of all. */
  readonly tasks: string;
}

export interface GroupLine extends NamedRow {
  readonly state: string;
  readonly members: number;
  readonly lag: bigint;
  readonly topics: readonly string[];
}

export interface CheckLine extends NamedRow {
  /** What is compared with what. */
  readonly about: string;
  /** As this screen last saw it; a check runs when it is opened. */
  readonly verdict: CheckReport['verdict'] | 'not run yet';
}

/** What each page lists. */
export interface PageRows {
  readonly components: ComponentLine;
  readonly topics: TopicLine;
  readonly connectors: ConnectorLine;
  readonly groups: GroupLine;
  readonly checks: CheckLine;
}

export type PageName = keyof PageRows;
/** The components come with the status. */
export type ListedPage = Exclude<PageName, 'components'>;

export type Action = 'restart' | 'stop' | 'start' | 'pause' | 'resume';

/** What a page has at a moment, or why that is not known. */
export type Listing<Row> = { readonly rows: readonly Row[] } | { readonly problem: string };

/** What Enter or `d` shows of a row: lines that come one after the other, a text that newer ones replace, or the records of a topic. */
export type Opened =
  | { readonly kind: 'log'; lines(signal: AbortSignal): AsyncIterable<string> }
  | { readonly kind: 'text'; drawings(signal: AbortSignal): AsyncIterable<Drawing> }
  | { readonly kind: 'records'; records(signal: AbortSignal): TailSource };

export type Drawing = (columns: number) => readonly Line[];

/** Where `top` has all from. Whatever continues ends with its signal. */
export interface TopSource {
  /** Those that have something to list in this pipeline, in the order of their numbers. */
  readonly pages: readonly PageName[];
  status(signal: AbortSignal): AsyncIterable<StatusReport>;
  list<P extends ListedPage>(page: P, signal: AbortSignal): AsyncIterable<Listing<PageRows[P]>>;
  open(page: PageName, name: string, how: 'content' | 'description'): Opened;
  /** Resolves once it is done. */
  act(action: Action, page: PageName, name: string): Promise<void>;
}
