import { expect, it } from 'vitest';
import { PREDICATES } from '../../../src/embedded/connect/predicates/table.js';
import { TRANSFORMS } from '../../../src/embedded/connect/transforms/table.js';
import { CONNECTORS } from '../../../src/embedded/connect/worker/connectors.js';
import { PREDICATE_CLASSES, TRANSFORM_CLASSES } from '../../../src/protocol/connect/classes.js';
import { CONNECTOR_CLASSES } from '../../../src/protocol/connect/connectors.js';

const names = (of: readonly { readonly className: string }[]) => of.map(({ className }) => className).sort();

it('validate knows the classes that the embedded Connect runs, and no others', () => {
  expect([...TRANSFORM_CLASSES].sort()).toEqual(names(TRANSFORMS));
  expect([...PREDICATE_CLASSES].sort()).toEqual(names(PREDICATES));
  expect(names(CONNECTOR_CLASSES)).toEqual(names(CONNECTORS));
});
