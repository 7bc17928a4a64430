import type { CheckReport, CheckRow, Failure, OperationEvent, StepId } from '../../kinds/events.js';
import type { Counting } from '../text/quantities.js';

/**
 * A step is pending until it starts; while it runs it may wait for something (`waitingFor`) and count (`counts`);
 * it ends once, done or failed.
 */
export interface StepView {
  readonly step: StepId;
  readonly state: 'pending' | 'running' | 'done' | 'failed';
  readonly startedMs?: number;
  readonly elapsedMs?: number;
  readonly detail?: string;
  /** Done, and something is wrong. */
  readonly wrong?: boolean;
  readonly waitingFor?: { readonly what: string; readonly sinceMs: number } | undefined;
  readonly counts: ReadonlyMap<string, Counting>;
  readonly failure?: Failure;
}

export interface UpState {
  readonly title?: { readonly operation: string; readonly pipeline: string; readonly target: string };
  readonly steps: readonly StepView[];
  /** Names of the checks, in the order to show them. */
  readonly order: readonly string[];
  readonly checks: readonly CheckRow[];
  readonly reports: readonly CheckReport[];
  readonly notes: ReadonlyArray<{ readonly level: 'info' | 'warning'; readonly message: string }>;
  /** Nothing more will come: what still runs was stopped. */
  readonly ended: boolean;
}

export const NOTHING_YET: UpState = { steps: [], order: [], checks: [], reports: [], notes: [], ended: false };

/** Notes that stay on the screen; older ones are gone. */
const NOTES_MAX = 5;

/** `nowMs` is a monotonic clock's, the same one that the view is drawn with. */
export function reduceUp(state: UpState, event: OperationEvent, nowMs: number): UpState {
  switch (event.kind) {
    case 'operation': {
      const { operation, pipeline, target, steps = [], checks: order = [] } = event;
      const titled: UpState = { ...state, title: { operation, pipeline, target }, order };
      return steps.reduce((known, step) => changed(known, step, (view) => view), titled);
    }
    case 'step-started':
      return changed(state, event.step, (view) => ({ ...view, state: 'running', startedMs: nowMs }));
    case 'step-waiting':
      return changed(state, event.step, (view) => waiting(view, event.waitingFor, nowMs));
    case 'step-progress': {
      const { kind: _kind, step: _step, label, ...counting } = event;
      return changed(state, event.step, (view) => ({
        ...view,
        waitingFor: undefined,
        counts: new Map([...view.counts, [label, counting]]),
      }));
    }
    case 'step-done': {
      const { detail, elapsedMs, wrong = false } = event;
      return changed(state, event.step, (view) => ({ ...view, state: 'done', detail, elapsedMs, wrong }));
    }
    case 'step-failed': {
      const { failure, elapsedMs } = event;
      return changed(state, event.step, (view) => ({ ...view, state: 'failed', failure, elapsedMs }));
    }
    case 'check': {
      const others = state.checks.filter((row) => row.check !== event.row.check);
      return { ...state, checks: inOrder([...others, event.row], state.order) };
    }
    case 'check-report':
      return { ...state, reports: inOrder([...state.reports, event.report], state.order) };
    case 'note':
      if (state.notes.some(({ message }) => message === event.message)) return state;
      return { ...state, notes: [...state.notes, { level: event.level, message: event.message }].slice(-NOTES_MAX) };
  }
}

const inOrder = <Of extends { readonly check: string }>(all: readonly Of[], order: readonly string[]): readonly Of[] =>
  [...all].sort((a, b) => order.indexOf(a.check) - order.indexOf(b.check));

function waiting(view: StepView, what: string, nowMs: number): StepView {
  return { ...view, waitingFor: { what, sinceMs: view.waitingFor?.what === what ? view.waitingFor.sinceMs : nowMs } };
}

/** Steps stand in the order of the `operation` event; the work itself runs in parallel. */
function changed(state: UpState, step: StepId, change: (view: StepView) => StepView): UpState {
  if (state.steps.some((view) => view.step === step))
    return { ...state, steps: state.steps.map((view) => (view.step === step ? change(view) : view)) };
  return { ...state, steps: [...state.steps, change({ step, state: 'pending', counts: new Map() })] };
}
