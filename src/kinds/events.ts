import type { CheckReport } from '../consistency/report.js';
import type { SourceLocation } from '../support/errors.js';

export { type CheckReport, VERDICTS } from '../consistency/report.js';

/** What one line of `up` (and of its slices) is about; the kinds say which there are. */
export type StepId = string;

/** The facts of a failure as every printer shows them. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly todo?: string;
  readonly location?: SourceLocation;
}

export interface CheckRow {
  readonly check: string;
  readonly kind: CheckReport['kind'];
  readonly verdict: CheckReport['verdict'];
  readonly sourceRows: number;
  readonly replicaRows: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** Not all rows, or no column but the key, were compared. */
  readonly partly?: boolean;
}

/**
 * Operations emit these and return a result; they print nothing. Ink, plain lines, JSON Lines and JUnit are
 * readers of the same events. `emit` never blocks and never throws.
 */
export type OperationEvent =
  | {
      readonly kind: 'operation';
      readonly operation: string;
      readonly pipeline: string;
      readonly target: string;
      /** All steps to come, in the order of the screen, so that it can show those that have not begun. */
      readonly steps?: readonly StepId[];
      /** In the order of the file, in which a screen shows them whichever ends first. */
      readonly checks?: readonly string[];
    }
  /** A step begins; it may begin to wait and go on many times before it ends once. */
  | { readonly kind: 'step-started'; readonly step: StepId }
  | { readonly kind: 'step-waiting'; readonly step: StepId; readonly waitingFor: string }
  | {
      readonly kind: 'step-progress';
      readonly step: StepId;
      readonly label: string;
      readonly done: number;
      readonly total: number;
      /** How fast it goes and how long it may still take, where that is known. */
      readonly perSecond?: number;
      readonly leftMs?: number;
    }
  | {
      readonly kind: 'step-done';
      readonly step: StepId;
      readonly detail: string;
      readonly elapsedMs: number;
      readonly changed: boolean;
      /** Done, and something is wrong: checks that have not proven what they are of. */
      readonly wrong?: boolean;
    }
  | { readonly kind: 'step-failed'; readonly step: StepId; readonly failure: Failure; readonly elapsedMs: number }
  | { readonly kind: 'check'; readonly row: CheckRow }
  /** All that a check found, where differences are wanted (verify-consistency), beside its `check` row. */
  | { readonly kind: 'check-report'; readonly report: CheckReport }
  | { readonly kind: 'note'; readonly level: 'info' | 'warning'; readonly message: string };

export type Emit = (event: OperationEvent) => void;
