import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import type { CheckSection } from './section.js';

/** Throws EVPIPE_CHECK_UNKNOWN (kind usage), with the name that was probably meant. */
export function checkNamed(name: string, { checks }: Pick<Pipeline, 'checks'>): CheckSection {
  const check = checks.find((one) => one.name === name);
  if (check !== undefined) return check;
  const names = checks.map((one) => one.name);
  const hint = didYouMean(name, names);
  throw new EvpipeError('EVPIPE_CHECK_UNKNOWN', `there is no check ${name}${hint}`, {
    kind: 'usage',
    // Where nothing is near, the hint lists them already.
    ...(hint.endsWith('?') ? { todo: `There are ${names.join(', ')}.` } : {}),
  });
}
