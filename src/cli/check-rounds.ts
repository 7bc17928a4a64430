import type { CheckReport } from '../kinds/events.js';

/** A check whose answer is another one than in the round before. */
export interface ChangedCheck {
  readonly report: CheckReport;
  /** Undefined in the first round. */
  readonly before: CheckReport['verdict'] | undefined;
}

/** What a check says, without what is another figure in each round on live data: rows, durations, fences. */
const answerOf = ({
  elapsedMs: _,
  fence: _fence,
  sourceRows: _rows,
  replicaRows: _others,
  way,
  ...answer
}: CheckReport): string =>
  JSON.stringify([answer, way.map(({ name, passed, moving, trouble }) => [name, passed, moving, trouble])]);

/** Remembers what each check said last, and tells what changed since. */
export class CheckRounds {
  private readonly last = new Map<string, { readonly verdict: CheckReport['verdict']; readonly answer: string }>();

  next(reports: readonly CheckReport[]): readonly ChangedCheck[] {
    return reports.flatMap((report) => {
      const before = this.last.get(report.check);
      const answer = answerOf(report);
      this.last.set(report.check, { verdict: report.verdict, answer });
      return before?.answer === answer ? [] : [{ report, before: before?.verdict }];
    });
  }
}

/** A line of the history for each check that changed. */
export function historyEntries(
  changed: readonly ChangedCheck[],
  at: Date,
): readonly Readonly<Record<string, unknown>>[] {
  return changed.map(({ report, before }) => {
    const { check, verdict, why, sourceRows, replicaRows, missing, extra, different } = report;
    return { at: at.toISOString(), check, verdict, before, why, sourceRows, replicaRows, missing, extra, different };
  });
}
