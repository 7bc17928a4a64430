import type { ErrorKind } from '../support/errors.js';

/** What was looked at and how it is. */
export interface Diagnosis {
  readonly about: string;
  readonly health: 'good' | 'warning' | 'bad';
  readonly says: string;
  readonly todo?: string;
  /** Where it is bad, how the command ends. */
  readonly ending?: ErrorKind;
}
