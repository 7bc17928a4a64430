import type { CheckReport } from '../../consistency/report.js';
import type { ErrorKind } from '../../support/errors.js';

/** How an operation whose result is this report ends; undefined: well. */
export function endingOf({
  verdict,
  unreachable,
}: Pick<CheckReport, 'verdict' | 'unreachable'>): ErrorKind | undefined {
  if (verdict === 'consistent') return undefined;
  if (verdict === 'inconsistent') return 'failed';
  if (verdict === 'refused') return 'usage';
  return unreachable === true ? 'unreachable' : 'deadline';
}
