import { endingOf } from '../kinds/check/ending.js';
import type { CheckReport } from '../kinds/events.js';
import type { ErrorKind } from '../support/errors.js';

/** The exit codes, and in which order they win where several hold (usage before interrupted before failed …). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  changesPending: 3,
  unreachable: 4,
  deadline: 5,
  defect: 70,
  interrupted: 130,
} as const;

export const EXIT_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  failed: EXIT.failed,
  usage: EXIT.usage,
  unreachable: EXIT.unreachable,
  deadline: EXIT.deadline,
  interrupted: EXIT.interrupted,
  defect: EXIT.defect,
};

const PRECEDENCE: readonly number[] = [
  EXIT.defect,
  EXIT.usage,
  EXIT.interrupted,
  EXIT.failed,
  EXIT.unreachable,
  EXIT.deadline,
  EXIT.changesPending,
  EXIT.done,
];

/** The one exit code of several outcomes: inconsistent (1) beats lagging (5), a refused change (1) beats pending ones (3). */
export function worstExit(codes: readonly number[]): number {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.done;
}

export function exitOfReports(reports: readonly CheckReport[]): number {
  return worstExit(
    reports.map((report) => {
      const ending = endingOf(report);
      return ending === undefined ? EXIT.done : EXIT_OF_KIND[ending];
    }),
  );
}
