import { expect, test } from 'vitest';
import { SCALAR_FUNCTIONS } from '../../../src/ksql/functions/table.js';
import { callsOf, hostileCalls } from '../../support/hostile-arguments.js';

test.each([...SCALAR_FUNCTIONS.values()].map((each) => [each.name, each] as const))(
  '%s of values at the edges of its types costs little, and is a value or an error of its own',
  (_, each) => {
    const problems = callsOf([each]).flatMap(([, variant]) => hostileCalls(variant, 100, 1) ?? []);
    expect(problems).toEqual([]);
  },
);
